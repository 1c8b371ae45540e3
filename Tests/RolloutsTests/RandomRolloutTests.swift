import Rollouts
import TestSupport
import Testing

@Suite struct RandomRolloutTests {
    @Test(
        "whatever fails, falls silent or is ordered, nothing is changed under clients, and in the end all is at rest",
        arguments: 1...150 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let policy = RolloutPolicy(
            batch: Bool.random(using: &random) ? .instances(Int.random(in: 1...3, using: &random)) : .percent(40),
            canary: Bool.random(using: &random)
                ? .init(count: 1, promotion: Bool.random(using: &random) ? .auto : .manual) : nil,
            bake: 3, deadline: 10, drainTime: 5)
        var (rollout, cloud) = rollout(6, policy)
        for _ in 0..<150 {
            meddle(&rollout, &cloud, &random)
            cloud.step(&rollout, seconds: Int.random(in: 1...4, using: &random))
            for instance in rollout.instances where instance.stage == .done && !instance.isGoingBack {
                #expect(instance.version == "2", "seed \(seed)")
            }
        }
        // Everything works from now on.
        (cloud.broken, cloud.failing, cloud.failingOutside, cloud.ill, cloud.silent, cloud.holding) = (
            [], [], [], [], [], []
        )
        (cloud.connections, cloud.unseen) = ([:], [])
        for _ in 0..<20 where !rollout.isOver {
            rollout.resume(now: cloud.now)
            cloud.run(&rollout)
        }
        #expect(rollout.isOver, "seed \(seed): \(rollout)")
        #expect(rollout.drained == Set(rollout.instances.filter { $0.stage == .stuck }.map(\.name)), "seed \(seed)")
        #expect(rollout.versions == cloud.running, "seed \(seed)")
        #expect(cloud.faults == [], "seed \(seed)")
        if rollout.state == .finished { #expect(cloud.running.values.allSatisfy { $0 == "2" }) }
        rollout.revert(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .reverted && rollout.drained == [], "seed \(seed)")
        #expect(cloud.running.values.allSatisfy { $0 == "1" }, "seed \(seed)")
    }

    private func meddle(_ rollout: inout Rollout, _ cloud: inout SimulatedCloud, _ random: inout SeededGenerator) {
        func perhaps(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
        func flip(_ set: inout Set<String>, _ member: String) {
            if set.remove(member) == nil { set.insert(member) }
        }
        if perhaps(25) { flip(&cloud.broken, perhaps(3) ? "1" : "2") }
        if perhaps(25) { flip(&cloud.failing, "2") }
        if perhaps(25) { flip(&cloud.failingOutside, "2") }
        if perhaps(25) { flip(&cloud.ill, "2") }
        if perhaps(15) { flip(&cloud.silent, perhaps(2) ? "gw1" : "gw2") }
        if perhaps(25) { flip(&cloud.holding, "gw1") }
        if perhaps(10) { cloud.connections["pgw.\(Int.random(in: 1...6, using: &random))"] = perhaps(2) ? 3 : nil }
        if perhaps(20) {
            let attempt = Int.random(in: 1...4, using: &random)
            if cloud.unseen.remove(attempt) == nil { cloud.unseen.insert(attempt) }
        }
        if perhaps(20) { rollout.pause() }
        if perhaps(6) { rollout.resume(without: perhaps(8) ? ["gw2"] : [], now: cloud.now) }
        if perhaps(120) { rollout.abort(now: cloud.now) }
        if perhaps(80) { rollout.revert(now: cloud.now) }
    }
}
