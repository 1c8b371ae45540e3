import Rollouts
import Testing

@Suite struct RolloutTests {
    @Test("instances get the version one after another, each drained, tested and admitted again")
    func upgrade() {
        var (rollout, cloud) = rollout()
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
        #expect(cloud.running.values.allSatisfy { $0 == "2" })
        #expect(cloud.mostDrained == 1)
        #expect(cloud.faults == [])
        #expect(rollout.drained == [])
    }

    @Test(
        "a batch has so many instances, or so many percent",
        arguments: [
            (RolloutPolicy.BatchSize.instances(3), 3), (.percent(50), 5), (.percent(1), 1), (.instances(100), 10),
        ])
    func batches(_ size: RolloutPolicy.BatchSize, _ most: Int) {
        var (rollout, cloud) = rollout(10, RolloutPolicy(batch: size))
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
        #expect(cloud.mostDrained == most)
    }

    @Test("canaries go first, and the others when somebody says so, or at once")
    func canaries() {
        var (rollout, cloud) = rollout(
            4, RolloutPolicy(batch: .instances(3), canary: .init(count: 1, promotion: .manual)))
        cloud.run(&rollout)
        #expect(rollout.state == .paused("the canaries have passed: resume to go on with the others"))
        #expect(cloud.running == ["pgw.1": "2", "pgw.2": "1", "pgw.3": "1", "pgw.4": "1"])
        rollout.resume(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
        #expect(cloud.mostDrained == 3)

        (rollout, cloud) = RolloutsTests.rollout(4, RolloutPolicy(canary: .init(count: 2, promotion: .auto)))
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
    }

    @Test("an instance whose connections do not end is changed when the time is over")
    func connections() {
        var (rollout, cloud) = rollout(1, RolloutPolicy(bake: 0, drainTime: 30))
        cloud.connections["pgw.1"] = 5
        for _ in 0..<2 { cloud.step(&rollout) }
        #expect(rollout.instances[0].stage == .emptying)
        cloud.step(&rollout, seconds: 29)
        #expect(cloud.running["pgw.1"] == "1")
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
    }

    @Test(
        "a version that does not start, fails a test or falls ill goes back, and the rollout ends",
        arguments: [
            "start", "test", "outside", "ill",
        ])
    func failing(_ how: String) {
        var (rollout, cloud) = rollout(4, RolloutPolicy(batch: .instances(2)))
        switch how {
        case "start": cloud.broken = ["2"]
        case "test": cloud.failing = ["2"]
        case "outside": cloud.failingOutside = ["2"]
        default: cloud.ill = ["2"]
        }
        cloud.run(&rollout)
        guard case .failed(let reason) = rollout.state else {
            Issue.record("it is \(rollout.state)")
            return
        }
        #expect(reason.hasPrefix("pgw.1: "))
        #expect(cloud.running.values.allSatisfy { $0 == "1" })
        #expect(rollout.drained == [])
        #expect(rollout.instances[1].problem != nil && rollout.instances[2].problem == nil)
        #expect(cloud.faults == [])
    }

    @Test("instances of earlier batches stay when a later one fails, until somebody reverts the rollout")
    func laterFailure() {
        var (rollout, cloud) = rollout(3)
        for _ in 0..<200 where cloud.running["pgw.2"] == "1" { cloud.step(&rollout) }
        cloud.failing = ["2"]
        cloud.run(&rollout)
        #expect(cloud.running == ["pgw.1": "2", "pgw.2": "1", "pgw.3": "1"])
        rollout.revert(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .reverted)
        #expect(cloud.running.values.allSatisfy { $0 == "1" })
        #expect(cloud.faults == [])
    }

    @Test("a gateway that is silent stops nothing under clients: what was drained is ready, and the rollout waits")
    func silentGateway() {
        var (rollout, cloud) = rollout(2)
        cloud.silent = ["gw2"]
        cloud.run(&rollout)
        #expect(rollout.state == .paused("gw2 has not confirmed within 600 s: pgw.1 was not touched"))
        #expect(rollout.drained == [])
        #expect(cloud.running.values.allSatisfy { $0 == "1" })
        rollout.resume(without: ["gw2"], now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
    }

    @Test("a gateway that holds the export back ends the rollout at once, with everything as it was")
    func heldExport() {
        var (rollout, cloud) = rollout(2)
        cloud.holding = ["gw1"]
        for _ in 0..<2 { cloud.step(&rollout) }
        #expect(rollout.state == .failed("gw1 holds the export back: pgw.1 was not touched"))
        #expect(rollout.drained == [])
    }

    @Test("a gateway that falls silent when the new version is ready: the rollout waits, the instance is fine")
    func silentLater() {
        var (rollout, cloud) = rollout(2)
        for _ in 0..<200 where rollout.instances[0].stage != .baking { cloud.step(&rollout) }
        cloud.silent = ["gw2"]
        for _ in 0..<700 { cloud.step(&rollout) }
        #expect(rollout.state == .paused("gw2 has not confirmed within 600 s with pgw.1 ready"))
        cloud.silent = []
        for _ in 0..<50 { cloud.step(&rollout) }
        #expect(rollout.instances[0].stage == .done && rollout.instances[1].stage == .waiting)
        rollout.resume(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
    }

    @Test("an instance that does not come back stays drained when all else is at rest, and a revert tries again")
    func stuck() {
        var (rollout, cloud) = rollout(2)
        for _ in 0..<200 where cloud.running["pgw.1"] == "1" { cloud.step(&rollout) }
        cloud.broken = ["1", "2"]
        cloud.run(&rollout)
        guard case .failed = rollout.state else {
            Issue.record("it is \(rollout.state)")
            return
        }
        #expect(rollout.drained == ["pgw.1"])
        cloud.broken = ["2"]
        rollout.revert(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .reverted && rollout.drained == [])
    }

    @Test("a pause finishes what was begun; an abort takes it back")
    func orders() {
        var (rollout, cloud) = rollout(3)
        cloud.step(&rollout)
        rollout.pause()
        cloud.run(&rollout)
        #expect(rollout.state == .paused("paused by an operator"))
        #expect(cloud.running == ["pgw.1": "2", "pgw.2": "1", "pgw.3": "1"])
        rollout.resume(now: cloud.now)
        for _ in 0..<200 where cloud.running["pgw.2"] == "1" { cloud.step(&rollout) }
        rollout.abort(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .aborted)
        #expect(cloud.running == ["pgw.1": "2", "pgw.2": "1", "pgw.3": "1"])
        #expect(cloud.faults == [])
    }

    @Test("whoever has the version already is left alone")
    func same() {
        var rollout = Rollout(
            [(name: "pgw.1", version: "2"), (name: "pgw.2", version: nil)], to: "2", by: RolloutPolicy())
        var cloud = SimulatedCloud(["pgw.1", "pgw.2"], version: nil)
        cloud.running["pgw.1"] = "2"
        cloud.run(&rollout)
        #expect(rollout.state == .finished)
        #expect(rollout.instances[0].attempt == 0 && rollout.instances[1].attempt == 1)
    }
}
