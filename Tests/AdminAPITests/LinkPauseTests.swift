import TestSupport
import Testing

@testable import AdminAPI

@Suite("How masters come back") struct LinkPauseTests {
    @Test("a wait is 1 to 13 seconds, and longer than what ADMIN asks for")
    func bounds() {
        #expect(LinkPause.duration(chance: 0) == .seconds(1) && LinkPause.duration(chance: 1) == .seconds(13))
        #expect(LinkPause.duration(after: 30, chance: 0.5) == .seconds(37))
        #expect(LinkPause.duration(after: 1 << 40, chance: 0) == .seconds(301))
        #expect(LinkPause.duration(after: -5, chance: 0) == .seconds(1))
    }

    @Test(
        "1,000 masters are back within 15 s, with about 200 new connections in the busiest second at most",
        arguments: [0.01, 1, 3, 8, 30, 120])
    func spread(away: Double) {
        var random = SeededGenerator(seed: 7)
        let back = (0..<1_000).map { _ in
            var time = 0.0
            repeat {
                let pause = LinkPause.duration(chance: .random(in: 0...1, using: &random))
                time += Double(pause.components.seconds) + Double(pause.components.attoseconds) * 1e-18
            } while time < away
            return time - away
        }.sorted()
        #expect(back.last ?? 0 < 14)
        let busiest = back.indices.map { index in back[index...].prefix { $0 < back[index] + 1 }.count }.max() ?? 0
        #expect(busiest <= 210, "\(busiest)")
    }
}
