import Text
package import YAML

extension YAMLNode {
    /// A time in milliseconds: `5s`, `500ms`, `1m`; a number alone is seconds.
    ///
    /// - Parameters:
    ///   - range: the milliseconds that are allowed.
    ///   - isWhole: whether it must be whole seconds.
    func milliseconds(
        _ what: String, in range: ClosedRange<Int>, isWhole: Bool = false
    ) throws(YAMLError) -> Int {
        let bounds = "\(what) from \(Self.time(range.lowerBound)) to \(Self.time(range.upperBound))"
        guard tag == nil, let scalar, let time = Self.milliseconds(scalar.text) else {
            if tag == nil, let scalar, let time = Self.decimalTime(scalar.text) {
                let hint = range.contains(time) && !isWhole ? "write \(Self.time(time)); " : ""
                throw YAMLError(position, "\(summary): a time has no decimals: \(hint)expected \(bounds)")
            }
            throw unexpected("\(bounds) (500ms, 5s, 1m, 1h, or whole seconds as a number)")
        }
        guard range.contains(time) else {
            // What a number alone means is said, since it may have been meant otherwise.
            let hasNoUnit = scalar.text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let meaning = hasNoUnit ? " is \(Self.time(time)), which" : ""
            let fault = time < range.lowerBound ? "too short" : "too long"
            throw YAMLError(position, "\(summary)\(meaning) is \(fault): expected \(bounds)")
        }
        guard !isWhole || time % 1_000 == 0 else { throw unexpected("\(what) in whole seconds") }
        return time
    }

    /// A time of whole seconds.
    package func seconds(_ what: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        try milliseconds(what, in: range.lowerBound * 1_000...range.upperBound * 1_000, isWhole: true) / 1_000
    }

    private static let units: [(name: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    private static func milliseconds(_ text: String) -> Int? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, digits.count <= 9, let number = Int(String(Substring(digits))) else { return nil }
        let name = text.utf8.dropFirst(digits.count)
        if name.isEmpty { return number * 1_000 }
        return units.first { $0.name.utf8.elementsEqual(name) }.map { number * $0.milliseconds }
    }

    /// The milliseconds of a time with decimals, as `0.5s` or `.5`, rounded; `nil` if the text is none.
    private static func decimalTime(_ text: String) -> Int? {
        let number = text.utf8.prefix { (0x30...0x39).contains($0) || $0 == 0x2E }
        let name = text.utf8.dropFirst(number.count)
        guard number.contains(0x2E), number.count <= 18, let value = Double(String(Substring(number))),
            let unit = name.isEmpty ? 1_000 : units.first(where: { $0.name.utf8.elementsEqual(name) })?.milliseconds
        else { return nil }
        let time = value * Double(unit)
        return time < 1e15 ? Int(time.rounded()) : nil
    }

    /// `1h` for 3,600,000: the largest unit that gives a whole number.
    static func time(_ milliseconds: Int) -> String {
        guard milliseconds > 0, let unit = units.last(where: { milliseconds % $0.milliseconds == 0 }) else {
            return "0s"
        }
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}
