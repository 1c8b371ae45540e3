import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct GatewayStatusTextTests {
    @Test(
        "a word of any length stands before its text, with a space between",
        arguments: ["", "held", "draining", "0123456789", "word that is longer"])
    func label(word: String) {
        let line = GatewayStatus.line(word, "text")
        #expect(line.hasPrefix(word) && line.hasSuffix(" text"))
        #expect(line.count == max(10, word.count + 1) + 4)
    }

    @Test("a failed poll is shown with its kind, the word that status.json and the metrics have")
    func poll() {
        var status = GatewayStatus(
            name: "gw1", location: "tcn", role: "active", mode: .daemon, process: 7, startedAt: 100)
        func line() -> Substring? {
            status.text(now: 130).split(separator: "\n").first { $0.hasPrefix("last poll") }
        }
        status.poll = GatewayStatus.Poll(at: 125, succeededAt: 125)
        #expect(line() == "last poll 5 s ago")
        status.poll = GatewayStatus.Poll(
            at: 125, succeededAt: 110, error: "ADMIN at http://admin: no", fault: "unreachable", failures: 3)
        #expect(
            line()
                == "last poll 5 s ago, failed 3 times (unreachable) since one succeeded 20 s ago: ADMIN at http://admin: no"
        )
        // As an earlier version writes it
        status.poll?.fault = nil
        #expect(line() == "last poll 5 s ago, failed 3 times since one succeeded 20 s ago: ADMIN at http://admin: no")
    }
}
