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
}
