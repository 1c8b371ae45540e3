import Times
package import Foundation
import ServiceSupport
import Text

/// Times in the form of the registry and the API: RFC 3339 in UTC with milliseconds.
package enum Timestamp {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The text of a time.
    package static func text(_ date: Date) -> String { date.formatted(style) }

    /// Parses a time; also without a fraction, or in another time zone. `nil` if the text is no time.
    package static func date(_ text: String) -> Date? { InternetTime.date(text) }

    /// The same time in the form of the registry; `nil` if the text is no time.
    package static func inUTC(_ text: String) -> String? { date(text).map { self.text($0) } }
}
