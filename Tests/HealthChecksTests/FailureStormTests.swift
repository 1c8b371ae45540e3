import Testing

@testable import HealthChecks

@Suite("Many failures at once") struct FailureStormTests {
    /// The instants at which a storm begins, when backends `0..<count` go down at the instants.
    private func storm(_ instants: [Int], of count: Int) -> FailureStorm<Int> {
        var storm = FailureStorm<Int>()
        for (backend, instant) in instants.enumerated() {
            _ = storm.record(backend, isDown: true, at: instant, of: count)
        }
        return storm
    }

    @Test("three backends and half of all, within ten seconds")
    func threshold() {
        #expect(storm([0, 1], of: 2).end == nil)
        #expect(storm([0, 1, 2], of: 7).end == nil)
        #expect(storm([0, 1, 2], of: 6).end == 60_002)
        #expect(storm([0, 1, 10_001], of: 3).end == nil)
        #expect(storm([0, 1, 10_000], of: 3).end == 70_000)
        #expect(storm([0, 0, 0], of: 3).held == [0, 1, 2])
    }

    @Test("one backend counts once, and not when it has come back")
    func backends() {
        var storm = FailureStorm<String>()
        for _ in 0..<5 { #expect(!begins(&storm, "a", isDown: true, at: 0, of: 3)) }
        #expect(!begins(&storm, "b", isDown: true, at: 1, of: 3))
        #expect(!begins(&storm, "b", isDown: false, at: 2, of: 3))
        #expect(!begins(&storm, "c", isDown: true, at: 3, of: 3))
        #expect(begins(&storm, "b", isDown: true, at: 4, of: 3))
    }

    @Test(
        "while it lasts those that fall are held as well; afterwards the verdicts count, and it does not begin again by itself"
    )
    func end() {
        var storm = storm([0, 0, 0], of: 4)
        #expect(!begins(&storm, 3, isDown: true, at: 100, of: 4))
        #expect(storm.held == [0, 1, 2, 3])
        #expect(!begins(&storm, 1, isDown: false, at: 200, of: 4))
        // The gateway sees its servers again: the others have ten seconds to come back, too.
        #expect(storm.held == [0, 2, 3] && storm.end == 10_200)
        #expect(!ends(&storm, at: 10_199))
        #expect(ends(&storm, at: 10_200))
        #expect(storm.end == nil && storm.held == [])
        #expect(!begins(&storm, 1, isDown: true, at: 60_001, of: 4))
    }

    /// The macros of tests cannot call what changes their operands.
    private func begins<Backend>(
        _ storm: inout FailureStorm<Backend>, _ backend: Backend, isDown: Bool, at instant: Int, of count: Int
    ) -> Bool { storm.record(backend, isDown: isDown, at: instant, of: count) }

    private func ends<Backend>(_ storm: inout FailureStorm<Backend>, at instant: Int) -> Bool {
        storm.expire(at: instant)
    }
}
