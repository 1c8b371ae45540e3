import Text
import YAML

extension ConfigurationNode {
    /// The value as JSON text in bytes, without white space, keys in their order.
    ///
    /// A secret is `{"!secret":"name"}`, a variable that is not put in yet is a text as it was written.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// The value as JSON text, cut where it is longer.
    func text(atMost length: Int) -> String {
        // No character has more than four bytes.
        var writer = JSONWriter(limit: 4 * length)
        writer.write(self)
        let text = String(decoding: writer.bytes, as: UTF8.self).unicodeScalars
        guard let end = text.index(text.startIndex, offsetBy: length, limitedBy: text.endIndex), end < text.endIndex
        else { return String(text) }
        return String(text.prefix(length - 1)) + "…"
    }
}

/// Writes nodes as JSON (RFC 8259).
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Nothing more is written than what is under way when there are more bytes.
    private let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    mutating func write(_ node: ConfigurationNode) {
        guard bytes.count <= limit else { return }
        switch node.content {
        case .scalar(let scalar): write(scalar)
        case .secret(let name):
            bytes += "{\"!secret\":".utf8
            write(name)
            bytes.append(UInt8(ascii: "}"))
        case .reference, .text: write(node.origin.expression ?? "")
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() where bytes.count <= limit {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(item)
            }
            bytes.append(UInt8(ascii: "]"))
        case .mapping(let pairs):
            bytes.append(UInt8(ascii: "{"))
            for (index, pair) in pairs.enumerated() where bytes.count <= limit {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(pair.key)
                bytes.append(UInt8(ascii: ":"))
                write(pair.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    mutating func write(_ scalar: YAMLScalar) {
        switch scalar.resolved {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let number): bytes += String(number).utf8
        case .number(let number): bytes += YAMLScalar.canonical(number).utf8
        case .string(let text): write(text)
        }
    }

    mutating func write(_ texts: [String]) {
        bytes.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        writeEscaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A piece of a text, without quotes.
    mutating func writeEscaped(_ text: String) { Self.escape(text, into: &bytes) }

    /// What is JSON already.
    mutating func write(raw text: StaticString) { text.withUTF8Buffer { bytes += $0 } }

    static func escape(_ text: String, into bytes: inout [UInt8]) {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            bytes += text.utf8
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += "\\u00\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
    }
}
