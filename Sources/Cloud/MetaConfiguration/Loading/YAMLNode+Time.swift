import Text
import YAML

extension YAMLNode {
    /// A time in milliseconds: `5s`, `500ms`, `1m`; a number alone is seconds.
    ///
    /// - Parameter range: the milliseconds that are allowed.
    func milliseconds(_ what: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        let expected =
            "\(what) from \(Self.time(range.lowerBound)) to \(Self.time(range.upperBound)) "
            + "(500ms, 5s, 1m, 1h, or seconds as a number)"
        guard tag == nil, let scalar, let time = Self.milliseconds(scalar.text), range.contains(time) else {
            throw unexpected(expected)
        }
        return time
    }

    /// A time of whole seconds.
    func seconds(_ what: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        let time = try milliseconds(what, in: range.lowerBound * 1_000...range.upperBound * 1_000)
        guard time % 1_000 == 0 else { throw unexpected("\(what) in whole seconds") }
        return time / 1_000
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

    /// `1h` for 3,600,000: the largest unit that gives a whole number.
    static func time(_ milliseconds: Int) -> String {
        guard milliseconds > 0, let unit = units.last(where: { milliseconds % $0.milliseconds == 0 }) else {
            return "0s"
        }
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}
