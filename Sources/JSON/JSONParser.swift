/// Reads JSON text into values. A name that is given twice is an error.
package enum JSONParser {
    /// The deepest nesting of arrays and objects that is read.
    package static let maximumDepth = 32
    /// The greatest number of values that is accepted: twice that of the largest cloud. A value takes twenty times
    /// the memory of its text.
    package static let maximumValues = 2_000_000

    /// The value that is the whole of `bytes`.
    package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try JSONReader<Self>.read(bytes)
    }
}

extension JSONParser: JSONAssembly {
    static let takesNamesTwice = false

    static func word(_ value: JSONValue, _: ArraySlice<UInt8>) -> JSONValue { value }

    static func string(_ content: String, _: ArraySlice<UInt8>) -> JSONValue { .string(content) }

    static func array(_ elements: [JSONValue]) -> JSONValue { .array(elements) }

    static func member(_ name: String, _: ArraySlice<UInt8>, _ value: JSONValue) -> JSONValue.Member {
        JSONValue.Member(name: name, value: value)
    }

    static func object(_ members: [JSONValue.Member]) -> JSONValue { .object(members) }

    static func number(_ text: ArraySlice<UInt8>, isPlain: Bool) -> JSONValue? {
        let text = String(decoding: text, as: UTF8.self)
        if isPlain, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { return nil }
        return wholeNumber(text).map(JSONValue.integer) ?? .number(number)
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
}
