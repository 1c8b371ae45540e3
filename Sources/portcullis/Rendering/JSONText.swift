import Foundation
import JSON
import Text

/// JSON for `--output json`: indented, with sorted keys, so that equal values give equal text. Characters that could
/// affect a terminal are escaped.
enum JSONText {
    static func text(_ value: some Encodable) throws -> String {
        try encoded(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// The value in one line.
    static func line(_ value: some Encodable) throws -> String {
        try encoded(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    /// JSON from ADMIN in the same format. No value in it changes.
    static func reformatted(_ data: Data) throws -> String { escaped(try JSONIndenter.indented(Array(data))) }

    private static func encoded(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return escaped(Array(try encoder.encode(value)))
    }

    /// Escapes deceptive characters. They occur only in strings, where an escape means the same.
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
