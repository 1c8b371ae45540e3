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

    @Test("instances with a version of their own get that one, and the one that fails is told")
    func targets() {
        let names = ["pgw.1", "pgw.2"]
        func begun() -> Rollout {
            Rollout(
                names.map { (name: $0, version: "1") }, to: "2", targets: ["pgw.2": "2d"], by: RolloutPolicy(bake: 0))
        }
        var (rollout, cloud) = (begun(), SimulatedCloud(names, version: "1"))
        cloud.run(&rollout)
        #expect(rollout.state == .finished && cloud.running == ["pgw.1": "2", "pgw.2": "2d"])
        #expect(rollout.broughtVersions == ["2", "2d"] && rollout.failedVersion == nil)
        (rollout, cloud) = (begun(), SimulatedCloud(names, version: "1"))
        cloud.broken = ["2d"]
        cloud.run(&rollout)
        #expect(rollout.failedVersion == "2d" && cloud.running == ["pgw.1": "2", "pgw.2": "1"])
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
        #expect(rollout.instances.map(\.isDone) == [true, false, false])
        #expect(rollout.instances.map(\.isBack) == [false, true, false])
        rollout.revert(now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .reverted)
        #expect(rollout.instances.map(\.isBack) == [true, true, false])
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

    @Test(
        "whoever has the version already must run with it: one that fails ends the rollout before anything is touched")
    func sameAndFailing() {
        var rollout = Rollout(
            [(name: "pgw.1", version: "1"), (name: "pgw.2", version: "2")], to: "2", by: RolloutPolicy())
        var cloud = SimulatedCloud(["pgw.1", "pgw.2"], version: "1")
        cloud.running["pgw.2"] = "2"
        cloud.broken = ["2"]
        cloud.run(&rollout)
        #expect(rollout.state == .failed("pgw.2: it has the version already, and fails: it exits with 1"))
        #expect(cloud.running["pgw.1"] == "1" && cloud.mostDrained == 0)
    }

    @Test(
        "whoever has the version, and is not seen to run with it, fails at the deadline, which says nothing of the version"
    )
    func sameAndUnseen() {
        var rollout = Rollout(
            [(name: "pgw.1", version: "1"), (name: "pgw.2", version: "2")], to: "2",
            by: RolloutPolicy(bake: 0, deadline: 20))
        var cloud = SimulatedCloud(["pgw.1"], version: "1")
        func look() {
            cloud.now += 1
            var seen = cloud.observation(rollout)
            seen.services["pgw.2"] = .init(
                wanted: "2", version: "1", state: .changing, trouble: "its key is not trusted")
            rollout.observe(seen)
            cloud.running["pgw.1"] = rollout.instances[0].version
        }
        while rollout.instances[0].stage != .done { look() }
        let end = cloud.now + 19
        while cloud.now < end { look() }
        #expect(rollout.state == .running)
        look()
        #expect(
            rollout.state
                == .failed(
                    "pgw.2: it has the version already, and does not run within 20 s: its key is not trusted"))
        #expect(!rollout.hasVersionFailed && rollout.instances[0].isDone)
    }

    @Test("a version that its server refuses goes back at once, with that reason, and nothing is said of it")
    func refused() {
        var (rollout, cloud) = rollout(2, RolloutPolicy(deadline: 600))
        cloud.refused = ["2": "no trusted key has signed it"]
        cloud.run(&rollout, atMost: 20)
        #expect(rollout.state == .failed("pgw.1: its server refuses it: no trusted key has signed it"))
        #expect(!rollout.hasVersionFailed && cloud.running.values.allSatisfy { $0 == "1" })
        #expect(rollout.instances.map(\.stage) == [.done, .waiting] && rollout.instances[0].isBack)
    }

    @Test(
        "whoever was given the version before, and is refused it or falls over with the one before, says nothing of it")
    func sameAndRefused() {
        for state in [RolloutObservation.Service.State.refused("no trusted key"), .failing("it ended by itself")] {
            var rollout = Rollout([(name: "pgw.2", version: "2")], to: "2", by: RolloutPolicy())
            var seen = RolloutObservation(now: 1)
            seen.services["pgw.2"] = .init(wanted: "1", version: "1", state: state)
            rollout.observe(seen)
            #expect(rollout.state == .running)
            seen.services["pgw.2"] = .init(wanted: "2", version: "1", state: state)
            rollout.observe(seen)
            guard case .failed(let reason) = rollout.state else {
                Issue.record("it is \(rollout.state)")
                continue
            }
            #expect(reason.hasPrefix("pgw.2: it has the version already, and "))
            #expect(!rollout.hasVersionFailed)
        }
    }

    @Test("whoever was given the version before is done when its server runs it, and knows that it is to")
    func sameAndRunning() {
        var rollout = Rollout([(name: "pgw.1", version: "2")], to: "2", by: RolloutPolicy())
        var seen = RolloutObservation(now: 1)
        for (wanted, version, isDone) in [("2", "1", false), ("1", "2", false), ("2", "2", true)] {
            seen.services["pgw.1"] = .init(wanted: wanted, version: version, state: .running)
            rollout.observe(seen)
            #expect((rollout.state == .finished) == isDone)
        }
    }

    @Test("one that was done and falls over later goes back, and the rollout ends: the others never get the version")
    func laterCollapse() {
        for isRestarted in [false, true] {
            var (rollout, cloud) = rollout(4)
            while rollout.instances[1].stage != .draining { cloud.step(&rollout) }
            var seen = cloud.observation(rollout)
            seen.services["pgw.1"] = .init(
                wanted: "2", version: "2", state: isRestarted ? .running : .failing("it ended by signal 11"),
                restarts: isRestarted ? 1 : 0)
            rollout.observe(seen)
            cloud.run(&rollout)
            let reason = isRestarted ? "it ended by itself and was started again" : "it ended by signal 11"
            #expect(rollout.state == .failed("pgw.1: \(reason), after it was done"))
            #expect(rollout.hasVersionFailed && rollout.instances[0].isBack)
            #expect(cloud.running.values.allSatisfy { $0 == "1" } && cloud.faults == [])
        }
    }

    @Test("those of its batch that were done before an instance fails go back with it; those of other batches stay")
    func batchmates() {
        var (rollout, cloud) = rollout(5, RolloutPolicy(batch: .instances(2)))
        while rollout.instances[2].stage != .done || rollout.instances[3].stage != .probing {
            cloud.step(&rollout)
            // The tests from outside of pgw.4 take longer.
            if rollout.instances[3].stage == .probing { break }
        }
        var seen = cloud.observation(rollout)
        for job in rollout.jobs where job.instance == "pgw.4" { seen.jobs[job] = .running }
        rollout.observe(seen)
        #expect(rollout.instances[2].isDone && rollout.instances[3].stage == .probing)
        for job in rollout.jobs { seen.jobs[job] = .failed("HTTP 500") }
        rollout.observe(seen)
        cloud.run(&rollout)
        #expect(rollout.state == .failed("pgw.4: HTTP 500"))
        #expect(rollout.instances.map(\.isDone) == [true, true, false, false, false])
        #expect(rollout.instances.map(\.isBack) == [false, false, true, true, false])
    }

    @Test("a rollout whose version somebody quarantines ends: what is being changed goes back, what is done stays")
    func givenUp() {
        var (rollout, cloud) = rollout(3)
        while rollout.instances[1].stage != .testing { cloud.step(&rollout) }
        rollout.giveUp("the version was quarantined", now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .failed("the version was quarantined") && !rollout.hasVersionFailed)
        #expect(rollout.instances.map(\.isDone) == [true, false, false])
        let ended = rollout
        rollout.giveUp("again", now: cloud.now)
        #expect(rollout == ended)
    }

    // MARK: What is not known

    @Test("a version that its server cannot place was not tried")
    func unplaced() {
        for isLate in [false, true] {
            var (rollout, cloud) = rollout(1, RolloutPolicy(deadline: 20))
            while rollout.instances[0].stage != .starting { cloud.step(&rollout) }
            var seen = RolloutObservation(now: cloud.now + (isLate ? 20 : 1))
            seen.services["pgw.1"] = .init(
                wanted: "2", version: "1", state: isLate ? .changing : .failing("no space left"),
                trouble: "no space left")
            rollout.observe(seen)
            cloud.run(&rollout)
            guard case .failed(let reason) = rollout.state else {
                Issue.record("it is \(rollout.state)")
                return
            }
            #expect(reason.contains("no space left") && !rollout.hasVersionFailed)
        }
    }

    /// An instance that the rollout has at work, and what everybody says of it.
    private func observation(_ rollout: Rollout, _ now: Int) -> RolloutObservation {
        var cloud = SimulatedCloud(rollout.instances.map(\.name), version: nil)
        for instance in rollout.instances { cloud.running[instance.name] = instance.version }
        cloud.now = now
        return cloud.observation(rollout)
    }

    @Test("what gateways have confirmed of one stage does not count for the next that is entered at once")
    func confirmationOfAnotherStage() {
        var (rollout, cloud) = rollout(2, RolloutPolicy(batch: .instances(2), bake: 0))
        while rollout.instances.contains(where: { $0.stage != .admitting }) { cloud.step(&rollout) }
        // pgw.1 is admitted and fails outside; pgw.2, which is being admitted, is to be drained for the way back.
        var seen = observation(rollout, cloud.now + 1)
        seen.confirmations["pgw.2"] = nil
        rollout.observe(seen)
        #expect(rollout.instances.map(\.stage) == [.probing, .admitting])
        seen = observation(rollout, cloud.now + 2)
        for job in rollout.jobs { seen.jobs[job] = .failed("HTTP 500") }
        rollout.observe(seen)
        #expect(rollout.instances.map(\.stage) == [.draining, .draining])
        #expect(rollout.instances.map(\.version) == ["2", "2"])
        rollout.observe(observation(rollout, cloud.now + 3))
        #expect(rollout.instances.map(\.version) == ["1", "1"])
    }

    @Test("an instance goes on to bake while nobody can say that it is healthy, and fails when that lasts")
    func doubt() {
        for isSilent in [true, false] {
            var (rollout, cloud) = rollout(1, RolloutPolicy(bake: 5, deadline: 20))
            while rollout.instances[0].stage != .baking { cloud.step(&rollout) }
            let start = cloud.now
            func doubtful(_ now: Int) -> RolloutObservation {
                var seen = observation(rollout, now)
                if isSilent { seen.services = [:] } else { seen.recovering["pgw.1"] = "gw1 has http down" }
                return seen
            }
            rollout.observe(doubtful(start + 24))
            #expect(rollout.instances[0].stage == .baking)
            var certain = rollout
            certain.observe(observation(certain, start + 24))
            #expect(certain.instances[0].stage == .admitting)
            rollout.observe(doubtful(start + 25))
            #expect(rollout.instances[0].isGoingBack)
            let reason = isSilent ? "its server is silent" : "it has not become healthy: gw1 has http down"
            #expect(rollout.instances[0].problem == "\(reason) after 25 s")
        }
    }

    @Test("tests of which nobody knows how they ended are begun once more, when the instance runs")
    func repeatedTests() {
        var (rollout, cloud) = rollout(2)
        cloud.unseen = [1]
        while rollout.instances[0].stage != .testing { cloud.step(&rollout) }
        let first = rollout.jobs
        var seen = observation(rollout, cloud.now + 1)
        seen.jobs[first[0]] = .unknown("the node was ended")
        // It is started again with its machine.
        seen.services["pgw.1"]?.state = .changing
        rollout.observe(seen)
        #expect(rollout.instances[0].stage == .starting && rollout.instances[0].version == "2" && rollout.jobs.isEmpty)
        cloud.now += 1
        cloud.run(&rollout)
        #expect(rollout.state == .finished && !rollout.hasVersionFailed)
        #expect(rollout.instances.map(\.attempt) == [2, 2])
        #expect(cloud.faults == [])
    }

    @Test("tests whose second end nobody knows either send the instance back, and say nothing of the version")
    func unknownTests() {
        var (rollout, cloud) = rollout(2)
        cloud.unseen = [1, 2]
        cloud.run(&rollout)
        #expect(
            rollout.state
                == .failed(
                    "pgw.1: nobody knows how its tests ended, also when they were begun once more: the node was ended"))
        #expect(!rollout.hasVersionFailed)
        #expect(cloud.running.values.allSatisfy { $0 == "1" })
        // What fails is another matter.
        (rollout, cloud) = RolloutsTests.rollout(2)
        (cloud.unseen, cloud.failing) = ([1], ["2"])
        cloud.run(&rollout)
        #expect(rollout.state == .failed("pgw.1: the test smoke ended with 1") && rollout.hasVersionFailed)
    }

    @Test(
        "a server that falls silent says nothing of the version",
        arguments: [InstanceStage.starting, .testing, .baking])
    func silentServer(stage: InstanceStage) {
        var (rollout, cloud) = rollout(1, RolloutPolicy(bake: 5, deadline: 20))
        while rollout.instances[0].stage != stage { cloud.step(&rollout) }
        var seen = RolloutObservation(now: cloud.now + 30, lost: ["pgw.1"])
        // As ADMIN itself ends jobs of which it is told nothing.
        if stage == .testing { seen.jobs[rollout.jobs[0]] = .unknown("its server has not told of it by the deadline") }
        rollout.observe(seen)
        #expect(rollout.instances[0].isGoingBack)
        cloud.run(&rollout)
        guard case .failed = rollout.state else {
            Issue.record("it is \(rollout.state)")
            return
        }
        #expect(!rollout.hasVersionFailed)
    }

    @Test("an instance that falls ill while it is probed goes back")
    func illWhileProbed() {
        var (rollout, cloud) = rollout(1, RolloutPolicy(bake: 0))
        while rollout.instances[0].stage != .probing {
            cloud.now += 1
            var seen = cloud.observation(rollout)
            seen.jobs = seen.jobs.filter { $0.key.origin == .node }
            rollout.observe(seen)
            for (name, version) in rollout.versions { cloud.running[name] = version }
        }
        var seen = observation(rollout, cloud.now + 1)
        seen.jobs = [:]
        seen.unhealthy["pgw.1"] = "gw1 has http down: HTTP 500"
        rollout.observe(seen)
        #expect(rollout.instances[0].isGoingBack && rollout.instances[0].stage == .draining)
    }

    @Test("gateways that are not waited for can be named before the rollout begins, and while it runs")
    func withoutGateways() {
        for isAtOnce in [true, false] {
            var (_, cloud) = rollout(1, RolloutPolicy(bake: 0))
            var rollout = Rollout(
                [("pgw.1", "1")], to: "2", by: RolloutPolicy(bake: 0), without: isAtOnce ? ["gw2"] : [])
            cloud.silent = ["gw2"]
            if !isAtOnce {
                cloud.step(&rollout)
                rollout.resume(without: ["gw2"], now: cloud.now)
            }
            cloud.run(&rollout)
            #expect(rollout.state == .finished)
        }
    }

    @Test("a revert leaves out what is no more, and takes the others back")
    func revertWithoutOne() {
        var (rollout, cloud) = rollout(3)
        cloud.run(&rollout)
        cloud.running["pgw.2"] = nil
        rollout.revert(without: ["pgw.2"], now: cloud.now)
        cloud.run(&rollout)
        #expect(rollout.state == .reverted)
        #expect(cloud.running["pgw.1"] == "1" && cloud.running["pgw.3"] == "1")
        #expect(rollout.instances.map(\.isBack) == [true, false, true])
        #expect(rollout.instances[1].stage == .done && rollout.instances[1].problem?.contains("no more") == true)
    }

    @Test("a stuck instance that is let go is drained no more")
    func release() {
        var (rollout, cloud) = rollout(1, RolloutPolicy(bake: 0, deadline: 10))
        cloud.broken = ["1", "2"]
        cloud.run(&rollout)
        #expect(rollout.drained == ["pgw.1"] && rollout.isOver)
        rollout.release(["pgw.1", "pgw.7"])
        #expect(rollout.drained == [] && rollout.instances[0].stage == .done)
    }
}
