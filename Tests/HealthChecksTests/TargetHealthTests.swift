import TestSupport
import Testing

@testable import HealthChecks

@Suite("The verdict on a target") struct TargetHealthTests {
    private let timing = HealthCheck.Timing(interval: 5_000, fastInterval: 1_000, rise: 2, fall: 3)

    /// The verdicts after each of the results: `+` a success, `-` a failure.
    private func verdicts(_ results: String, from health: TargetHealth = TargetHealth()) -> String {
        var health = health
        return String(
            results.enumerated().map { second, result in
                _ = health.record(failure: result == "+" ? nil : "no", at: second * 1_000, timing)
                return health.verdict == .up ? "u" : "d"
            })
    }

    @Test(
        "the first result counts, then rise or fall of them in a row",
        arguments: [
            ("++-+", "uuuu"), ("+---+", "uuudd"), ("+--+--+", "uuuuuuu"), ("-+-++", "ddddu"),
            ("---++---", "ddddu" + "uud"),
        ])
    func counts(_ results: String, _ expected: String) {
        #expect(verdicts(results) == expected)
    }

    @Test("a verdict of an earlier process stands until results in a row speak against it")
    func earlier() {
        #expect(verdicts("--+", from: TargetHealth(.up, since: 0)) == "uuu")
        #expect(verdicts("+-+", from: TargetHealth(.down, since: 0, failure: "refused")) == "ddd")
    }

    @Test("the last failure is kept until the target is well again, and doubts are probed sooner")
    func details() {
        var health = TargetHealth()
        func changes(_ failure: String?, at instant: Int) -> Bool {
            health.record(failure: failure, at: instant, timing)
        }
        #expect(changes(nil, at: 10))
        #expect(health.pause(timing) == 5_000)
        #expect(!changes("refused", at: 20))
        #expect(health.failure == "refused" && health.since == 10 && health.pause(timing) == 1_000)
        #expect(!changes(nil, at: 30))
        #expect(health.failure == nil && health.pause(timing) == 5_000)
        for second in 4...6 { _ = changes("timed out", at: second * 10) }
        #expect(health.verdict == .down && health.since == 60 && health.failure == "timed out")
        #expect(!changes(nil, at: 70))
        #expect(health.failure == "timed out")
        #expect(changes(nil, at: 80))
        #expect(health.failure == nil && health.since == 80)
    }

    @Test("in random histories a verdict changes only after rise or fall of the same results")
    func random() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var health = TargetHealth()
            var results: [Bool] = []
            for instant in 0..<100 {
                let before = health.verdict
                results.append(Int.random(in: 0..<10, using: &random) < 6)
                let hasChanged = health.record(failure: results.last == true ? nil : "no", at: instant, timing)
                #expect(hasChanged == (before != health.verdict))
                guard hasChanged, before != nil else { continue }
                #expect(results.suffix(before == .up ? 3 : 2).allSatisfy { $0 == (before == .down) })
            }
        }
    }
}
