import Text

/// The text is not JSON, or exceeds a limit, with the place of the fault.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    /// The line, from 1.
    package var line: Int
    /// The column, from 1, in bytes.
    package var column: Int
    package var message: String
    /// Whether it is JSON nevertheless: it exceeds a limit, or has a duplicate name.
    package var isWellFormed = false

    package var description: String { "\(line):\(column): \(message)" }
}

/// Reads JSON text (RFC 8259) strictly: UTF-8 only, no duplicate names, limited nesting and number of values.
package struct JSONParser {
    /// The deepest nesting of arrays and objects that is accepted.
    package static let maximumDepth = 32
    /// The greatest number of values that is accepted: twice that of the largest cloud. A value takes twenty times
    /// the memory of its text.
    package static let maximumValues = 2_000_000

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private var values = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Parses the single value in `bytes`.
    package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes)
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            parser.index = error.byteOffsets.lowerBound
            throw parser.error("the text is not UTF-8")
        }
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.index == bytes.count else { throw parser.error("nothing may follow the value") }
        return value
    }

    private func error(_ message: String, isWellFormed: Bool = false) -> JSONError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONError(line: line, column: before.count - start + 1, message: message, isWellFormed: isWellFormed)
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        values += 1
        guard values <= Self.maximumValues else {
            throw error("more than \(Self.maximumValues) values", isWellFormed: true)
        }
        switch current {
        case nil: throw error("the text ends where a value is expected")
        case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ read: (inout Self) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("nested deeper than \(Self.maximumDepth) levels", isWellFormed: true)
        }
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let expected = word.description.utf8
        guard bytes[index...].starts(with: expected) else { throw error("unexpected text") }
        index += expected.count
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        index += 1
        var members: [JSONValue.Member] = []
        var names: Set<ExactText> = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            index += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a name in double quotes is expected") }
            let place = index
            let name = try string()
            guard names.insert(ExactText(name)).inserted else {
                index = place
                throw error("\(name.printed(atMost: 80)) is given twice", isWellFormed: true)
            }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("\":\" is expected") }
            index += 1
            skipSpace()
            members.append(JSONValue.Member(name: name, value: try value()))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return .object(members)
            default: throw error("\",\" or \"}\" is expected")
            }
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            index += 1
            return .array([])
        }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            switch current {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                return .array(elements)
            default: throw error("\",\" or \"]\" is expected")
            }
        }
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        var content: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                content.append(contentsOf: try escape())
            case ..<0x20: throw error("a control character in a string must be escaped")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw error("the text ends within a string")
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        guard let byte = current else { throw error("the text ends within a string") }
        let simple: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): simple = byte
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"):
            index += 1
            return try unicodeEscape()
        default: throw error("unknown escape in a string")
        }
        index += 1
        return [simple]
    }

    /// Reads four hexadecimal digits and, for a surrogate, the second escape of its pair.
    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        let first = try hexDigits()
        var code = UInt32(first)
        if first & 0xFC00 == 0xD800 {
            guard current == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u")
            else { throw error("half a surrogate pair") }
            index += 2
            let second = try hexDigits()
            guard second & 0xFC00 == 0xDC00 else { throw error("half a surrogate pair") }
            code = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexDigits() throws(JSONError) -> UInt16 {
        guard index + 4 <= bytes.count,
            let value = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16),
            bytes[index] != UInt8(ascii: "+"), bytes[index] != UInt8(ascii: "-")
        else { throw error("four hexadecimal digits are expected") }
        index += 4
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        if current == UInt8(ascii: "-") { index += 1 }
        let whole = digits()
        guard whole > 0 else {
            index = start
            throw error("unexpected text")
        }
        guard whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else {
            index = start
            throw error("a number cannot start with 0")
        }
        var isPlain = true
        if current == UInt8(ascii: ".") {
            isPlain = false
            index += 1
            guard digits() > 0 else { throw error("a digit is expected") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isPlain = false
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { throw error("a digit is expected") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isPlain, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw error("the number is too large")
        }
        return Self.wholeNumber(text).map(JSONValue.integer) ?? .number(number)
    }

    /// The integer that a number with a fraction or an exponent stands for (`1.0`, `1e2`), according to its digits:
    /// 65535.0000000000001 and 1e-400 are no integers, although the nearest `Double` is.
    private static func wholeNumber(_ text: String) -> Int? {
        let parts = Array(text.utf8).split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
        let isNegative = parts[0].first == UInt8(ascii: "-")
        let mantissa = parts[0].drop { $0 == UInt8(ascii: "-") }
            .split(separator: UInt8(ascii: "."), maxSplits: 1)
        var digits = Array(mantissa.joined().drop { $0 == 0x30 })
        guard !digits.isEmpty else { return 0 }
        let exponent = parts.count == 2 ? Int(String(decoding: parts[1], as: UTF8.self)) : 0
        guard let exponent, exponent.magnitude < 1 << 32 else { return nil }
        var zeros = exponent - (mantissa.count == 2 ? mantissa[1].count : 0)
        while zeros < 0, digits.last == 0x30 {
            digits.removeLast()
            zeros += 1
        }
        // An `Int` has at most 19 digits.
        guard zeros >= 0, digits.count + zeros <= 19 else { return nil }
        digits += [UInt8](repeating: 0x30, count: zeros)
        return Int((isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte = current, byte >= 0x30, byte <= 0x39 { index += 1 }
        return index - start
    }
}
