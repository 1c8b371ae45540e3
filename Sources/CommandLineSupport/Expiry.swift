import Times
public import Foundation
import ServiceSupport
import Text

/// A time of expiry as an operator writes it.
public enum Expiry {
    /// The accepted forms, for messages.
    public static let forms = "90d, 12h, at most ten years (3653d), or a time as 2027-01-31T00:00:00Z"

    /// Reads days (`90d`) or hours (`12h`), up to ten years, or a time (RFC 3339); `nil` if the text has another
    /// form.
    public static func date(_ text: String, now: Date) -> Date? {
        let units: [UInt8: Double] = [UInt8(ascii: "d"): 86_400, UInt8(ascii: "h"): 3_600]
        if let last = text.utf8.last, let unit = units[last] {
            let digits = text.utf8.dropLast()
            guard !digits.isEmpty, digits.count <= 5, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let number = Double(String(decoding: Array(digits), as: UTF8.self)), number > 0,
                number * unit <= 3_653 * 86_400
            else { return nil }
            return now + number * unit
        }
        return InternetTime.date(text)
    }
}
