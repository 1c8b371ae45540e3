import CommandLineSupport
import Testing

@Suite("Lengths of time") struct TimeSpanTests {
    @Test("seconds, minutes, hours and days are read, and nothing else")
    func forms() {
        let expected: [(String, Int?)] = [
            ("90s", 90), ("30m", 1_800), ("2h", 7_200), ("3d", 259_200), ("0s", 0), ("9999999d", 863_999_913_600),
            ("10000000s", nil), ("", nil), ("h", nil), ("2", nil), ("-1s", nil), ("+1s", nil), ("2 h", nil),
            ("2H", nil), ("1.5h", nil), ("2w", nil), ("٢h", nil),
        ]
        for (text, seconds) in expected { #expect(TimeSpan.seconds(text) == seconds, "\(text)") }
    }
}
