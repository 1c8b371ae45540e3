import Text

extension YAMLScalar {
    /// A finite number, `.inf` or the like, in a form that is the same number in JSON, YAML 1.1 and YAML 1.2: with a
    /// point, and a sign before the exponent.
    public static func canonical(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? ".nan" : number < 0 ? "-.inf" : ".inf" }
        let text = String(number)
        guard let exponent = text.firstByte("e"), !text.hasByte(".") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    /// Why a scalar without quotes must not be read as the number that it is in YAML 1.2: other readers read it
    /// differently, or it has more digits than a number can hold. `nil` for any other scalar.
    var numberFault: String? {
        guard isPlain, let first = text.utf8.first, first <= UInt8(ascii: "9"), text.utf8.count > 1 else { return nil }
        let shown = text.utf8.count <= 40 ? text : "\(Substring(text.unicodeScalars.prefix(40)))…"
        let quote = "quote it if it is meant as text"
        switch resolved {
        case .integer(let number):
            // 0644 and -012, not 0, 0x1F or 0o17.
            let digits = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            guard digits.count > 1, digits.first == UInt8(ascii: "0"), digits.allSatisfy(Self.isDigit) else {
                return nil
            }
            let octal = Int(text, radix: 8).map { "the octal \($0)" } ?? "text"
            return "\(shown) starts with 0: some readers of YAML take it for \(octal), others for \(number); "
                + "write \(number) or "
                + "\(Int(text, radix: 8) == nil ? "" : "0o\(Substring(digits).trimmingZeros), or ")\(quote)"
        case .number(let number):
            guard number.isFinite else {
                return text.utf8.contains(where: Self.isDigit)
                    ? "\(shown) is beyond the range of numbers; \(quote)" : nil
            }
            let digits = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            if digits.first == UInt8(ascii: "0"), digits.dropFirst().first.map(Self.isDigit) == true, !isWhole {
                let number = Self.canonical(number)
                return "\(shown) starts with 0: some readers of YAML take it for text, others for \(number); "
                    + "write \(number) or \(quote)"
            }
            guard Decimal(text) != Decimal(Self.canonical(number)) || isWhole else { return nil }
            return "\(shown) has more digits than a number keeps (it would be \(Self.canonical(number))); \(quote)"
        case .string:
            guard text.hasBytePrefix("0x") || text.hasBytePrefix("0o") else { return nil }
            let isDigit = { (byte: UInt8) in
                text.hasBytePrefix("0x") ? Character(Unicode.Scalar(byte)).isHexDigit : (0x30...0x37).contains(byte)
            }
            guard text.utf8.count > 2, text.utf8.dropFirst(2).allSatisfy({ $0 < 0x80 && isDigit($0) }) else {
                return nil
            }
            return "\(shown) has more digits than a number keeps; \(quote)"
        default: return nil
        }
    }

    /// Whether the text has only digits and possibly a sign.
    private var isWhole: Bool {
        text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }.allSatisfy(Self.isDigit)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Whether any reader of YAML 1.1 or 1.2 would take the text, if it had no quotes, for a truth value, null, a
    /// number, a time or a merge. Cautious rather than complete.
    var mayBeOtherThanText: Bool {
        guard case .string = YAMLScalar(text: text, isPlain: true).resolved else { return true }
        if text.utf8.count <= 5, Self.words.contains(String(decoding: text.utf8.map { $0 | 0x20 }, as: UTF8.self)) {
            return true
        }
        return text == "<<" || text == "=" || isNumberLike || isDate
    }

    /// In lower case: https://yaml.org/type/bool.html, https://yaml.org/type/null.html
    private static let words: Set = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"]

    /// https://yaml.org/type/int.html, https://yaml.org/type/float.html: `1_000`, `0b101`, `1e3`, `.5`, `.inf`,
    /// `190:20:30`.
    private var isNumberLike: Bool {
        let unsigned = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        guard let first = unsigned.first, Self.isDigit(first) || first == UInt8(ascii: ".") else { return false }
        let mantissa = unsigned.prefix { Self.isDigit($0) || "_.,".utf8.contains($0) }
        let rest = unsigned[mantissa.endIndex...]
        guard let next = rest.first else { return mantissa.count { $0 == UInt8(ascii: ".") } < 2 }
        return switch next {
        // An exponent, a number to the base of 60, 0x, 0o, 0b, .inf and .nan
        case UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: ":"): true
        case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "b"),
            UInt8(ascii: "B"):
            first == UInt8(ascii: "0")
        default: first == UInt8(ascii: ".") && mantissa.count == 1 && rest.count == 3
        }
    }

    /// Whether the text begins like a date, `2001-12-` (https://yaml.org/type/timestamp.html).
    private var isDate: Bool {
        let year = text.utf8.prefix(while: Self.isDigit)
        guard year.count == 4, text.utf8[year.endIndex...].first == UInt8(ascii: "-") else { return false }
        let month = text.utf8[year.endIndex...].dropFirst().prefix(while: Self.isDigit)
        return !month.isEmpty && text.utf8[month.endIndex...].first == UInt8(ascii: "-")
    }
}

extension Substring {
    /// The digits without leading zeros.
    fileprivate var trimmingZeros: Substring {
        let digits = utf8.drop { $0 == UInt8(ascii: "0") }
        return digits.isEmpty ? "0" : Substring(digits)
    }
}

/// A decimal number without rounding, for comparisons: its digits without zeros at either end, and the place of the
/// point.
private struct Decimal: Equatable {
    private var isNegative = false
    private var digits = [UInt8]()
    private var exponent = 0

    /// - Parameter text: a number in the grammar of YAML 1.2. A number whose exponent is no `Int` equals no other.
    init?(_ text: String) {
        var bytes = text.utf8[...]
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        var isFraction = false
        while let byte = bytes.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
            bytes = bytes.dropFirst()
            guard byte != UInt8(ascii: ".") else {
                isFraction = true
                continue
            }
            if isFraction { exponent -= 1 }
            if byte != 0x30 || !digits.isEmpty { digits.append(byte) }
        }
        if !bytes.isEmpty {
            guard let more = Int(String(Substring(bytes.dropFirst()))), more.magnitude < 1 << 40 else { return nil }
            exponent += more
        }
        while digits.last == 0x30 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { exponent = 0 }
    }
}
