import Times
import Foundation
import Text

/// A time before now as an operator writes it.
enum PastTime {
    /// The accepted forms, for messages.
    static let forms = "30s, 15min, 2h, 7d ago, or a time as 2027-01-31T00:00:00Z"

    /// Reads how long ago something was, or a time (RFC 3339), as RFC 3339; `nil` if the text has another form.
    static func read(_ text: String, now: Date) -> String? {
        if InternetTime.date(text) != nil { return text }
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        let units = ["s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400]
        guard (1...7).contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self)),
            let unit = units[String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self)]
        else { return nil }
        let date = max(now.addingTimeInterval(-Double(number * unit)), Date(timeIntervalSince1970: 0))
        return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
