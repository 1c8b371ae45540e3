import JSON
import Text
import YAML

extension ConfigurationNode {
    /// The value as JSON in UTF-8, without white space, with keys in their order.
    ///
    /// A secret is `{"!secret":"name"}` or `{"!secret-base64":"name"}`; an unresolved variable is a text as it was written.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// The value as JSON text, cut if it is longer.
    func text(atMost length: Int) -> String {
        // A character has at most four bytes.
        var writer = JSONWriter(limit: 4 * length)
        writer.write(self)
        let text = String(decoding: writer.bytes, as: UTF8.self).unicodeScalars
        guard let end = text.index(text.startIndex, offsetBy: length, limitedBy: text.endIndex), end < text.endIndex
        else { return String(text) }
        return String(text.prefix(length - 1)) + "…"
    }
}

extension JSONWriter {
    mutating func write(_ node: ConfigurationNode) {
        guard !isFull else { return }
        switch node.content {
        case .scalar(let scalar): write(scalar)
        case .secret(let secret):
            write(raw: "{")
            write(secret.marker.rawValue)
            write(raw: ":")
            write(secret.name)
            write(raw: "}")
        case .reference, .text: write(node.origin.expression ?? "")
        case .list(let items):
            write(raw: "[")
            for (index, item) in items.enumerated() where !isFull {
                if index > 0 { write(raw: ",") }
                write(item)
            }
            write(raw: "]")
        case .mapping(let pairs):
            write(raw: "{")
            for (index, pair) in pairs.enumerated() where !isFull {
                if index > 0 { write(raw: ",") }
                write(pair.key)
                write(raw: ":")
                write(pair.value)
            }
            write(raw: "}")
        }
    }

    mutating func write(_ scalar: YAMLScalar) {
        switch scalar.resolved {
        case .null: write(raw: "null")
        case .boolean(let value): write(raw: value ? "true" : "false")
        case .integer(let number): write(token: String(number))
        case .number(let number): write(token: YAMLScalar.canonical(number))
        case .string(let text): write(text)
        }
    }
}
