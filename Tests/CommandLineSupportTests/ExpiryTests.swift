import Times
import CommandLineSupport
import Foundation
import ServiceSupport
import Testing
import Text

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
            "2027-13-01T00:00:00Z", "d\u{0301}", "2027-02-30T00:00:00Z", "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2027-04-31T00:00:00Z", "2027-01-00T00:00:00Z", "2027-00-01T00:00:00Z", "2027-01-31T25:61:61Z",
            "2027-01-31T24:00:00Z", "2027-01-31T00:60:00Z", "2027-01-31T23:59:60Z", "2027-01-31T00:00:00Zx",
            "2027-01-31T00:00:00Z ", " 2027-01-31T00:00:00Z", "2027-1-1T0:0:0Z", "10000-01-01T00:00:00Z",
            "12027-01-31T00:00:00Z", "9999-12-31T23:30:00-01:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
            "2027-01-31T00:00:00", "2027-01-31", "2027-01-31 00:00:00Z", "2027-01-31T00:00:00.Z",
            "2027-01-31T00:00:00,5Z", "2027-01-31T00:00:00+0100", "2027-01-31T00:00:00+24:00", "2027-01-31T00:00:00+01",
            "+027-01-31T00:00:00Z",
        ])
    func refused(text: String) {
        #expect(Expiry.date(text, now: Self.now) == nil)
    }

    @Test("each day of 1600 to 2400 is the one after the day before, and the ends of the range are read")
    func days() throws {
        var expected = try #require(InternetTime.date("1600-01-01T00:00:00Z")).timeIntervalSince1970
        #expect(expected == -11_676_096_000)
        for year in 1600...2400 {
            for month in 1...12 {
                for day in 1...31 {
                    let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T00:00:00Z"
                    guard let date = InternetTime.date(text) else {
                        #expect(day > 28, "\(text)")
                        continue
                    }
                    if date.timeIntervalSince1970 != expected { Issue.record("\(text)") }
                    expected += 86_400
                }
            }
        }
        #expect(InternetTime.date("0001-01-01T00:00:00Z")?.timeIntervalSince1970 == -62_135_596_800)
        #expect(InternetTime.date("9999-12-31t23:59:59.9999z")?.timeIntervalSince1970 == 253_402_300_799.999)
        #expect(InternetTime.date("2027-01-31T00:00:00.5-00:30")?.timeIntervalSince1970 == 1_801_355_400.5)
    }
}
