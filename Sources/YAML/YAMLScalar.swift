public import Text

/// The text of a scalar, and whether it was written without quotes. Only such a text can be a number, a truth value
/// or null.
public struct YAMLScalar: Sendable, Hashable {
    @ExactText public private(set) var text: String
    /// Whether the scalar is neither quoted nor a block scalar.
    public let isPlain: Bool

    public init(text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    /// The meaning of a scalar in the YAML 1.2 core schema (section 10.3.2).
    public enum Resolved: Sendable {
        case null
        case boolean(Bool)
        case integer(Int)
        /// A number with a fraction or an exponent, or an integer beyond 64 bits.
        case number(Double)
        case string(String)
    }

    /// The meaning of the scalar. As YAML 1.2 prescribes, `no` and `on` are texts, and `012` is the number twelve.
    public var resolved: Resolved {
        guard isPlain else { return .string(text) }
        // No word is longer, and comparing a long text would take time.
        switch text.utf8.count > 5 ? "other" : text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        default: break
        }
        guard let first = text.utf8.first, Self.numberStarts.contains(first) else { return .string(text) }
        return Self.integer(text) ?? Self.decimal(text) ?? .string(text)
    }

    private static let numberStarts = Set("+-.0123456789".utf8)

    private static func integer(_ text: String) -> Resolved? {
        for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasBytePrefix(prefix) {
            let digits = Substring(text.utf8.dropFirst(2))
            guard digits.utf8.first.map({ $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }) == true else {
                return nil
            }
            return Int(digits, radix: radix).map { .integer($0) }
        }
        return Int(text).map { .integer($0) }
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func decimal(_ text: String) -> Resolved? {
        var rest = text.utf8[...]
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        func skipSign() {
            if let byte = rest.first, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") { rest.removeFirst() }
        }
        func skipDigits() -> Int {
            let digits = rest.prefix(while: isDigit)
            rest = rest[digits.endIndex...]
            return digits.count
        }
        skipSign()
        let whole = skipDigits()
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = skipDigits()
        }
        guard whole + fraction > 0 else { return nil }
        if let byte = rest.first, byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            rest.removeFirst()
            skipSign()
            guard skipDigits() > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        return Double(text.hasByteSuffix(".") ? text + "0" : text).map { .number($0) }
    }
}

extension YAMLScalar.Resolved: Hashable {
    /// Compares texts by their bytes. Not-a-number equals itself.
    public static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b || a.isNaN && b.isNaN
        case (.string(let a), .string(let b)): a.isExactly(b)
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .boolean(let value): hasher.combine(value)
        case .integer(let number): hasher.combine(number)
        case .number(let number): hasher.combine(number.isNaN ? .nan : number)
        case .string(let text): hasher.combine(ExactText(text))
        }
    }
}
