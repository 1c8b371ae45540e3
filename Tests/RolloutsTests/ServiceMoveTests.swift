import Testing

@testable import Rollouts

@Suite("Moves of services") struct ServiceMoveTests {
    private typealias Place = MoveObservation.Place
    private static let places: [Place] = [
        .silent, .changing(nil), .changing("no space"), .running, .stopped, .failing("it exits with 1"),
    ]

    private func move(isExclusive: Bool = false, drainTime: Int = 60) -> ServiceMove {
        ServiceMove(
            from: "app1", to: "app3", by: .init(deadline: 600, drainTime: drainTime, isExclusive: isExclusive))
    }

    private func see(
        _ now: Int, old: Place = .running, new: Place = .changing(nil), tests: RolloutObservation.Job? = nil,
        _ confirmation: RolloutObservation.Confirmation = .missing([])
    ) -> MoveObservation {
        MoveObservation(now: now, old: old, new: new, tests: tests, confirmation: confirmation)
    }

    @Test("the new place starts and passes its tests, the gateways follow, and the old place ends last")
    func whole() {
        var move = move()
        #expect(move.stage == .placing && !move.isSwitched && move.wishAtOld == .running && move.wishAtNew == .running)
        move.observe(see(1))
        #expect(move.stage == .placing && move.waiting(for: see(1)) == "app3 to install and start it")
        move.observe(see(2, new: .running))
        #expect(move.stage == .testing && !move.isSwitched)
        move.observe(see(3, new: .running, tests: .running))
        #expect(move.stage == .testing)
        // What gateways had confirmed before counts for nothing.
        move.observe(see(4, new: .running, tests: .succeeded, .confirmed))
        #expect(move.stage == .switching && move.isSwitched && move.wishAtOld == .running)
        move.observe(see(100_000, new: .silent, .missing(["gw2"])))
        #expect(move.stage == .switching && move.end == nil)
        #expect(move.waiting(for: see(5, .missing(["gw2"]))) == "gw2 to confirm; app1 goes on")
        #expect(move.waiting(for: see(5, .held("gw1"))) == "gw1, which holds the export back")
        move.observe(see(100_001, new: .running, .confirmed))
        #expect(move.stage == .leaving && move.wishAtOld == .running)
        move.observe(see(100_060, .confirmed))
        #expect(move.stage == .leaving)
        #expect(move.waiting(for: see(100_051)) == "connections on app1 to end")
        #expect([100_001, 100_051, 100_100].map(move.secondsLeft) == [60, 10, 0])
        move.observe(see(100_061, .confirmed))
        #expect(move.end == .moved && move.isSwitched && move.waiting(for: see(1)) == nil)
        #expect(move.secondsLeft(at: 100_061) == nil)
    }

    @Test("connections at an old place that is lost get no time")
    func lost() {
        var move = move()
        move.observe(see(1, new: .running))
        move.observe(see(2, new: .running, tests: .succeeded))
        move.observe(see(3, new: .running, .confirmed))
        #expect(move.stage == .leaving)
        move.observe(MoveObservation(now: 4, isOldLost: true, new: .running, confirmation: .confirmed))
        #expect(move.end == .moved)
    }

    @Test("a new place that fails, does not start in time or fails its tests is given up, and the old one has gone on")
    func givenUp() {
        var failing = move()
        failing.observe(see(1, new: .failing("it exits with 1")))
        #expect(failing.end == .failed("it fails on app3: it exits with 1") && !failing.isSwitched)
        var late = move()
        late.observe(see(599, new: .changing("no space")))
        #expect(late.end == nil)
        late.observe(see(600, new: .changing("no space")))
        #expect(late.end == .failed("after 600 s it still waits for app3 to install and start it: no space"))
        var silent = move()
        silent.observe(see(600, new: .silent))
        #expect(silent.end == .failed("after 600 s it still waits for app3 to install and start it, but it is silent"))
        var tested = move()
        tested.observe(see(1, new: .running))
        tested.observe(see(2, new: .running, tests: .failed("alive: HTTP 500")))
        #expect(tested.end == .failed("alive: HTTP 500") && !tested.isSwitched && tested.wishAtOld == .running)
        var untested = move()
        untested.observe(see(100, new: .running))
        untested.observe(see(699, new: .running, tests: .running))
        #expect(untested.stage == .testing)
        untested.observe(see(700, new: .running, tests: .running))
        #expect(untested.end == .failed("after 600 s it still waits for its tests on app3"))
    }

    @Test("tests of which nobody knows how they ended are begun once more", arguments: [false, true])
    func repeatedTests(isExclusive: Bool) {
        var move = move(isExclusive: isExclusive)
        if isExclusive {
            move.observe(see(1, new: .stopped))
            move.observe(see(2, old: .stopped, new: .stopped))
        }
        move.observe(see(3, old: .stopped, new: .running))
        #expect(move.stage == .testing && move.testRepetitions == 0)
        var twice = move
        move.observe(see(4, old: .stopped, new: .running, tests: .unknown("the node was ended")))
        #expect(move.stage == (isExclusive ? .starting : .placing) && move.testRepetitions == 1)
        #expect(move.wishAtNew == .running)
        twice = move
        move.observe(see(5, old: .stopped, new: .running))
        move.observe(see(6, old: .stopped, new: .running, tests: .succeeded))
        #expect(move.stage == .switching)
        twice.observe(see(5, old: .stopped, new: .running))
        twice.observe(see(6, old: .stopped, new: .running, tests: .unknown("the node was ended")))
        let end = ServiceMove.End.failed("nobody knows how its tests on app3 ended: the node was ended")
        #expect(isExclusive ? twice.ending == end : twice.end == end)
    }

    @Test("an exclusive service is placed, stopped at the old place, and only then started at the new one")
    func exclusive() {
        var move = move(isExclusive: true)
        #expect(move.wishAtOld == .running && move.wishAtNew == .stopped)
        move.observe(see(1, old: .stopped, new: .stopped))
        // That it did not run was seen before it was to be stopped.
        #expect(move.stage == .stopping && move.wishAtOld == .stopped && move.wishAtNew == .stopped)
        move.observe(see(2, old: .running, new: .stopped))
        #expect(move.stage == .stopping)
        move.observe(see(3, old: .stopped, new: .stopped))
        #expect(move.stage == .starting && move.wishAtNew == .running)
        move.observe(see(4, old: .stopped, new: .running))
        move.observe(see(5, old: .stopped, new: .running, tests: .succeeded))
        #expect(move.stage == .switching)
        move.observe(see(6, old: .stopped, new: .running, tests: .succeeded, .confirmed))
        #expect(move.end == .moved)
    }

    @Test("an exclusive service that does not start is stopped there, then started where it was")
    func returning() {
        var move = move(isExclusive: true)
        move.observe(see(1, new: .stopped))
        move.observe(see(2, old: .stopped, new: .stopped))
        move.observe(see(3, old: .stopped, new: .failing("it exits with 1")))
        #expect(move.stage == .returning && move.wishAtOld == .stopped && move.wishAtNew == .stopped && move.end == nil)
        #expect(!move.canAbort)
        move.observe(see(100_000, old: .stopped, new: .silent))
        #expect(move.stage == .returning)
        move.observe(see(100_001, old: .stopped, new: .stopped))
        #expect(move.end == .failed("it fails on app3: it exits with 1"))
        var unstoppable = self.move(isExclusive: true)
        unstoppable.observe(see(1, new: .stopped))
        unstoppable.observe(see(601, old: .silent, new: .stopped))
        #expect(unstoppable.end == .failed("after 600 s it still waits for app1 to stop it, but it is silent"))
    }

    @Test("it can be aborted until the export names the new server")
    func abort() {
        var early = move()
        early.abort(now: 1)
        #expect(early.end == .aborted)
        var exclusive = move(isExclusive: true)
        exclusive.observe(see(1, new: .stopped))
        exclusive.observe(see(2, old: .stopped, new: .stopped))
        exclusive.abort(now: 3)
        #expect(exclusive.stage == .returning && exclusive.ending == .aborted)
        exclusive.observe(see(4, old: .stopped, new: .stopped))
        #expect(exclusive.end == .aborted)
        var late = move()
        late.observe(see(1, new: .running))
        late.observe(see(2, new: .running, tests: .succeeded))
        late.abort(now: 3)
        #expect(late.stage == .switching && late.end == nil)
        late.overtake()
        #expect(late.end == .overtaken)
    }

    /// All that can be seen, in every order up to some length.
    @Test("whatever is seen, no request is lost and nothing exclusive runs twice", arguments: [false, true])
    func exhaustive(isExclusive: Bool) {
        var seen: Set<ServiceMove> = []
        var frontier = [move(isExclusive: isExclusive, drainTime: 0)]
        var faults: Set<String> = []
        let tests: [RolloutObservation.Job?] = [nil, .running, .succeeded, .failed("no"), .unknown("no")]
        while let state = frontier.popLast() {
            guard seen.insert(state).inserted, !state.isOver else { continue }
            for old in Self.places {
                for new in Self.places {
                    for test in tests {
                        for confirmation: RolloutObservation.Confirmation in [
                            .confirmed, .missing(["gw1"]), .held("gw1"),
                        ] {
                            // Times are of interest before and after the deadline.
                            for now in [state.since, state.since + 600] where now <= 6_000 {
                                let observation = see(now, old: old, new: new, tests: test, confirmation)
                                var next = state
                                next.observe(observation)
                                if let fault = Self.fault(state, next, observation) {
                                    faults.insert("\(fault): \(state.stage), \(observation)")
                                }
                                if !seen.contains(next) { frontier.append(next) }
                            }
                        }
                    }
                }
            }
            var aborted = state
            aborted.abort(now: state.since)
            frontier.append(aborted)
        }
        #expect(faults.isEmpty, "\(faults.prefix(5))")
        #expect(seen.contains { $0.end == .moved } && seen.contains { $0.end == .aborted })
        #expect(seen.contains { $0.stage == .returning } == isExclusive)
    }

    /// What is wrong with a step, in words; `nil`: nothing.
    private static func fault(_ before: ServiceMove, _ after: ServiceMove, _ seen: MoveObservation) -> String? {
        if after.isSwitched, !before.isSwitched, seen.new != .running || seen.tests != .succeeded {
            return "the gateways are sent to what does not run, or was not tested"
        }
        // The old place goes only when no gateway sends anything there.
        if after.end == .moved, !before.isSwitched || seen.confirmation != .confirmed && before.stage != .leaving {
            return "the old place is left under clients"
        }
        if before.isSwitched, !after.isSwitched { return "the gateways are sent back" }
        guard before.policy.isExclusive else {
            return !after.isOver && after.wishAtOld != .running ? "the old place is stopped" : nil
        }
        if !after.isOver, after.wishAtOld == .running, after.wishAtNew == .running { return "it is to run twice" }
        if after.wishAtNew == .running, before.wishAtNew != .running,
            before.wishAtOld != .stopped || seen.old != .stopped
        {
            return "it is started before the other was seen stopped"
        }
        if after.isOver, before.stage == .returning, seen.new != .stopped {
            return "it comes back before the other stopped"
        }
        return nil
    }
}
