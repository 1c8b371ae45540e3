/// Writes JSON text (RFC 8259) without white space. It writes single values; the caller writes what comes between
/// them.
package struct JSONWriter: Sendable {
    /// The text so far, in UTF-8.
    package private(set) var bytes: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: the number of bytes after which `isFull` tells the caller to stop.
    package init(limit: Int = .max) { self.limit = limit }

    /// Whether more bytes than the limit were written.
    package var isFull: Bool { bytes.count > limit }

    /// Writes a string.
    package mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        writeEscaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes an array of strings.
    package mutating func write(_ texts: [String]) {
        bytes.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a value with everything in it.
    package mutating func write(_ value: JSONValue) {
        switch value {
        case .null: write(raw: "null")
        case .bool(let value): write(raw: value ? "true" : "false")
        case .integer(let value): write(token: String(value))
        case .number(let value): write(token: String(value))
        case .string(let value): write(value)
        case .array(let elements):
            write(raw: "[")
            for (index, element) in elements.enumerated() {
                if index > 0 { write(raw: ",") }
                write(element)
            }
            write(raw: "]")
        case .object(let members):
            write(raw: "{")
            for (index, member) in members.enumerated() {
                if index > 0 { write(raw: ",") }
                write(member.name)
                write(raw: ":")
                write(member.value)
            }
            write(raw: "}")
        }
    }

    /// Writes a part of a string, without quotes.
    package mutating func writeEscaped(_ text: String) { Self.escape(text, into: &bytes) }

    /// Writes text that is already JSON: punctuation, literals.
    package mutating func write(raw text: StaticString) { text.withUTF8Buffer { bytes += $0 } }

    /// Writes a number.
    package mutating func write(token text: String) { bytes += text.utf8 }

    /// Appends a part of a string with the escapes that it needs between quotes.
    package static func escape(_ text: String, into bytes: inout [UInt8]) {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            bytes += text.utf8
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x08: bytes += "\\b".utf8
            case 0x0C: bytes += "\\f".utf8
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
