import CommandLineSupport
import Foundation
import Testing

@Suite("When something ends") struct ExpiryTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(
        "days, hours and times are understood",
        arguments: [
            ("90d", 1_800_000_000 + 90 * 86_400), ("1h", 1_800_003_600), ("3653d", 1_800_000_000 + 3_653 * 86_400),
            ("2027-01-31T00:00:00Z", 1_801_353_600), ("2027-01-31T02:00:00.000+02:00", 1_801_353_600),
        ] as [(String, Double)])
    func understood(text: String, seconds: Double) {
        #expect(Expiry.date(text, now: Self.now) == Date(timeIntervalSince1970: seconds))
    }

    @Test(
        "what is none of it is refused",
        arguments: [
            "", "d", "0d", "-1d", "+1d", "1.5d", "3654d", "99999d", "100000h", "99999999999999999999d", "1", "tomorrow",
            "2027-13-01T00:00:00Z", "d\u{0301}",
        ])
    func refused(text: String) {
        #expect(Expiry.date(text, now: Self.now) == nil)
    }
}
