import JSON
import Text

/// JSON for `--output json`: indented, with sorted keys, so that equal values give equal text. Characters that could
/// affect a terminal are escaped.
enum JSONText {
    static func text(_ value: JSONValue) throws -> String { escaped(try JSONIndenter.indented(bytes(value))) }

    /// The value in one line.
    static func line(_ value: JSONValue) -> String { escaped(bytes(value.sortedByName)) }

    /// JSON as it came, printed as all other is; nothing in it becomes another value.
    static func reformatted(_ json: [UInt8]) throws(JSONError) -> String { escaped(try JSONIndenter.indented(json)) }

    private static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.write(value)
        return writer.bytes
    }

    /// Escapes deceptive characters. They occur only in strings, where an escape means the same.
    private static func escaped(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        // exact: code points are compared
        guard text.unicodeScalars.contains(where: { $0.isDeceptive && $0 != "\n" }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar.isDeceptive, scalar != "\n" {
                for unit in UTF16.encode(scalar) ?? .init() {
                    escaped += "\\u" + [UInt8(unit >> 8), UInt8(unit & 0xFF)].hexadecimal
                }
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
