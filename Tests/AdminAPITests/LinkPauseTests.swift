import TestSupport
import Testing

@testable import AdminAPI

@Suite("How masters come back") struct LinkPauseTests {
    @Test("a wait is 1 or 7 to 13 seconds, and longer than what ADMIN asks for")
    func bounds() {
        func seconds(_ isRepeated: Bool, _ chance: Double, after: Int? = nil) -> Duration {
            LinkPause.duration(isRepeated: isRepeated, after: after, chance: chance)
        }
        #expect(seconds(false, 0) == .seconds(1) && seconds(false, 1) == .seconds(13))
        #expect(seconds(true, 0) == .seconds(7) && seconds(true, 1) == .seconds(13))
        #expect(seconds(false, 0.5, after: 30) == .seconds(37) && seconds(true, 0.5, after: 30) == .seconds(40))
        #expect(seconds(false, 0, after: 1 << 40) == .seconds(301))
        #expect(seconds(false, 0, after: -5) == .seconds(1))
    }

    @Test(
        "1,000 masters are back within 15 s, and they leave room for other connections below 200 a second",
        arguments: [0.01, 1, 3, 8, 30, 120])
    func spread(away: Double) {
        var random = SeededGenerator(seed: 7)
        let back = (0..<1_000).map { _ in
            var (time, isRepeated) = (0.0, false)
            repeat {
                let pause = LinkPause.duration(isRepeated: isRepeated, chance: .random(in: 0...1, using: &random))
                isRepeated = true
                time += Double(pause.components.seconds) + Double(pause.components.attoseconds) * 1e-18
            } while time < away
            return time - away
        }.sorted()
        #expect(back.last ?? 0 < 14)
        let busiest = back.indices.map { index in back[index...].prefix { $0 < back[index] + 1 }.count }.max() ?? 0
        #expect(busiest <= 170, "\(busiest)")
    }
}
