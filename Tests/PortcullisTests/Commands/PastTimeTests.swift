import Foundation
import Testing

@testable import portcullis

@Suite struct PastTimeTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(
        "how long ago, or a time",
        arguments: [
            ("30s", "2027-01-15T07:59:30.000Z"), ("15min", "2027-01-15T07:45:00.000Z"),
            ("2h", "2027-01-15T06:00:00.000Z"), ("7d", "2027-01-08T08:00:00.000Z"),
            ("2027-01-31T00:00:00+01:00", "2027-01-31T00:00:00+01:00"), ("9999999d", "1970-01-01T00:00:00.000Z"),
        ])
    func times(text: String, time: String) { #expect(PastTime.read(text, now: now) == time) }

    @Test("everything else is refused", arguments: ["", "2", "h", "-2h", "2 h", "2w", "99999999s", "yesterday", "2hh"])
    func others(text: String) { #expect(PastTime.read(text, now: now) == nil) }
}
