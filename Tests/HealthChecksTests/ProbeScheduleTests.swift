import TestSupport
import Testing

@testable import HealthChecks

@Suite("When probes are made") struct ProbeScheduleTests {
    @Test("each new target within its interval, spread over it")
    func phases() {
        var schedule = ProbeSchedule<Int>()
        var random = SeededGenerator(seed: 5)
        for target in 0..<5_000 { schedule.add(target, at: 1_000, interval: 5_000, phase: random.next()) }
        var perSecond = [Int](repeating: 0, count: 5)
        var previous = 0
        while let next = schedule.next {
            #expect((1_000..<6_000).contains(next) && next >= previous)
            previous = next
            perSecond[(next - 1_000) / 1_000] += 1
            let lateness = schedule.take(at: next)?.lateness
            #expect(lateness == 0)
        }
        #expect(perSecond.reduce(0, +) == 5_000)
        #expect(perSecond.allSatisfy { (850...1_150).contains($0) }, "\(perSecond)")
    }

    @Test("a target is taken when it is due, tells how late that is, and is silent until it is set again")
    func take() {
        var schedule = ProbeSchedule<String>()
        schedule.add("a", at: 0, interval: 100, phase: 250)
        #expect(taken(&schedule, 49) == nil)
        #expect(taken(&schedule, 80) == "a 30")
        #expect(taken(&schedule, 1_000) == nil && next(&schedule) == nil && schedule.count == 1)
        schedule.reschedule("a", due: 150)
        schedule.reschedule("a", due: 120)
        #expect(next(&schedule) == 120)
        #expect(taken(&schedule, 500) == "a 380")
        #expect(taken(&schedule, 500) == nil)
    }

    @Test("a removed target is not probed again, not even when its probe ends later")
    func remove() {
        var schedule = ProbeSchedule<String>()
        schedule.add("a", at: 0, interval: 100, phase: 0)
        #expect(taken(&schedule, 0) == "a 0")
        schedule.remove("a")
        schedule.reschedule("a", due: 100)
        #expect(next(&schedule) == nil && schedule.count == 0)
    }

    @Test("what is left over stays a share of the whole")
    func leftovers() {
        var schedule = ProbeSchedule<String>()
        for target in 0..<10 { schedule.add("\(target)", at: 0, interval: 1, phase: 0) }
        for turn in 0..<100_000 { schedule.reschedule("\(turn % 10)", due: 1_000 - turn / 1_000) }
        #expect(schedule.entries <= 2 * 10 + 64)
        #expect(schedule.count == 10 && next(&schedule) == 901)
    }

    /// The macros of tests cannot call what changes their operands.
    private func next(_ schedule: inout ProbeSchedule<String>) -> Int? { schedule.next }

    /// The target and its lateness.
    private func taken(_ schedule: inout ProbeSchedule<String>, _ instant: Int) -> String? {
        schedule.take(at: instant).map { "\($0.target) \($0.lateness)" }
    }
}
