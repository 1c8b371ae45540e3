import Foundation
import JSON
import Text

/// JSON as `--output json` prints it: indented, keys sorted, so that equal values give equal text; what could play with
/// a terminal is escaped.
enum JSONText {
    static func text(_ value: some Encodable) throws -> String {
        try encoded(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// The value in one line.
    static func line(_ value: some Encodable) throws -> String {
        try encoded(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    /// JSON as it came, printed as all other is; nothing in it becomes another value.
    static func reformatted(_ data: Data) throws -> String { escaped(try JSONIndenter.indented(Array(data))) }

    private static func encoded(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return escaped(Array(try encoder.encode(value)))
    }

    /// What is deceptive stands in strings only, where an escape means the same.
    private static func escaped(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        // exact: code points are compared
        guard text.unicodeScalars.contains(where: { $0.isDeceptive && $0 != "\n" }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar.isDeceptive, scalar != "\n" {
                for unit in UTF16.encode(scalar) ?? .init() { escaped += String(format: "\\u%04x", unit) }
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
