public import Foundation
import ServiceSupport

/// The range of times in which ADMIN works: libraries count nanoseconds since 1970 in 64 bits, and crash or hang
/// outside this range.
public enum ClockRange {
    private static let first = Date(timeIntervalSince1970: 0)
    /// 2262-01-01, some months before the last such nanosecond.
    private static let end = Date(timeIntervalSince1970: 9_214_646_400)

    /// Throws `SettingsError` if the time is outside the range.
    public static func check(_ now: Date) throws {
        guard now < first || now >= end else { return }
        throw SettingsError(
            "the system's clock shows \(Timestamp.text(now)); ADMIN works from 1970 to 2261 only: set the clock")
    }
}
