package import Foundation
import ServiceSupport
import Text

/// Times as the registry stores and the API shows them: RFC 3339 in UTC with milliseconds.
package enum Timestamp {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    package static func text(_ date: Date) -> String { date.formatted(style) }

    /// The moment, also of a text without a fraction or in another zone.
    package static func date(_ text: String) -> Date? { InternetTime.date(text) }
}
