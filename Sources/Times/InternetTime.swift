public import FoundationEssentials

/// Times in the form of RFC 3339, parsed strictly: `2027-01-31T00:00:00Z`, `2027-01-31T02:00:00.5+02:00`. Years are
/// 0001 to 9999, also in UTC, so that texts in UTC sort by time. A second 60 is refused.
public enum InternetTime {
    /// The time, to the millisecond; `nil` if the text has another form.
    public static func date(_ text: String) -> Date? {
        var reader = Reader(bytes: Array(text.utf8)[...])
        guard let year = reader.number(4, 1...9_999), reader.skip("-"), let month = reader.number(2, 1...12),
            reader.skip("-"), let day = reader.number(2, 1...days(in: month, of: year)), reader.skip("Tt"),
            let hour = reader.number(2, 0...23), reader.skip(":"), let minute = reader.number(2, 0...59),
            reader.skip(":"), let second = reader.number(2, 0...59), let milliseconds = reader.fraction(),
            let offset = reader.offset(), reader.bytes.isEmpty
        else { return nil }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard (daysSince1970(1, 1, 1) * 86_400..<daysSince1970(10_000, 1, 1) * 86_400).contains(seconds) else {
            return nil
        }
        return Date(timeIntervalSince1970: Double(seconds * 1_000 + milliseconds) / 1_000)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days in the Gregorian calendar, which RFC 3339 uses for all years.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // In years that begin in March, the leap day is the last day.
        let (year, month) = month < 3 ? (year - 1, month + 9) : (year, month - 3)
        let leapDays = year / 4 - year / 100 + year / 400
        return year * 365 + leapDays + (month * 153 + 2) / 5 + day - 719_469
    }

    private struct Reader {
        package var bytes: ArraySlice<UInt8>

        /// A number with exactly this many digits.
        package mutating func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard bytes.count >= digits, bytes.prefix(digits).allSatisfy(Self.isDigit) else { return nil }
            let number = bytes.prefix(digits).reduce(0) { $0 * 10 + Int($1 - 0x30) }
            bytes = bytes.dropFirst(digits)
            return range.contains(number) ? number : nil
        }

        /// Skips one of these characters; returns whether there was one.
        package mutating func skip(_ characters: StaticString) -> Bool {
            guard let first = bytes.first, characters.description.utf8.contains(first) else { return false }
            bytes = bytes.dropFirst()
            return true
        }

        /// The milliseconds of an optional fraction; `nil` if it has no digits.
        package mutating func fraction() -> Int? {
            guard skip(".") else { return 0 }
            let digits = bytes.prefix(while: Self.isDigit)
            bytes = bytes.dropFirst(digits.count)
            guard !digits.isEmpty else { return nil }
            return (Array(digits.prefix(3)) + [0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        /// Seconds east of UTC.
        package mutating func offset() -> Int? {
            if skip("Zz") { return 0 }
            let sign = bytes.first == UInt8(ascii: "-") ? -1 : 1
            guard skip("+-"), let hours = number(2, 0...23), skip(":"), let minutes = number(2, 0...59) else {
                return nil
            }
            return sign * (hours * 3_600 + minutes * 60)
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    }
}
