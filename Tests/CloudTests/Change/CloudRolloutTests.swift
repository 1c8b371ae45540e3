import Names
import Rollouts
import Testing
import YAML

@testable import Cloud

/// Rollouts as the cloud begins and follows them.
@Suite("Rollouts in the cloud") struct CloudRolloutTests {
    private static let old = String(repeating: "0a", count: 32)
    private static let new = String(repeating: "1b", count: 32)
    private static let time = "2026-11-29T10:00:00.000Z"

    /// pgw.1 and pgw.2 at tcn and pgw.3 at hel with 1.5.0; tg.1 runs without ADMIN.
    private static func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        for name in ["pgw.1", "pgw.2", "pgw.3"] {
            cloud.services[name]?.installation = Installation(version: .named("1.5.0", variant: nil), digest: old)
        }
        return cloud
    }

    private static func request(
        _ services: [String] = [], location: String? = nil, digest: String = new, type: String = "pgw",
        running: Set<String> = []
    ) -> RolloutRequest {
        RolloutRequest(
            type: type, version: .named("1.6.0", variant: nil), digest: digest, services: services, running: running,
            location: location, policy: RolloutPolicy(bake: 0), createdBy: "ops", createdAt: time)
    }

    private static func begun(_ services: [String] = []) throws -> (cloud: Cloud, id: String) {
        var cloud = try cloud()
        let id = try begin(&cloud, request(services))
        return (cloud, id)
    }

    /// Begins a rollout; its identifier.
    private static func begin(_ cloud: inout Cloud, _ request: RolloutRequest) throws -> String {
        let beginning = try cloud.begin(request)
        let id = try #require(beginning.rollout)
        #expect(beginning == .begun(rollout: id))
        return id
    }

    /// What changes the progress is told as the driver tells it.
    private static func follow(
        _ cloud: inout Cloud, _ id: String, generation: Int = 7, tests: RolloutTests? = nil,
        _ observation: (Rollout) -> RolloutObservation
    ) throws {
        var progress = try #require(cloud.rollouts[id]?.progress)
        let seen = observation(progress)
        progress.observe(seen)
        cloud.follow(progress, of: id, clock: seen.now, generation: generation, at: time, tests: tests)
    }

    /// Everything agrees at once: what the export and servers are to have, they have.
    private static func obey(_ progress: Rollout, now: Int, failing: String? = nil) -> RolloutObservation {
        var observation = RolloutObservation(now: now)
        for instance in progress.instances {
            let name = instance.name
            (observation.confirmations[name], observation.connections[name]) = (.confirmed, 0)
            let isBad = instance.version == failing
            observation.services[name] = .init(
                wanted: instance.version, version: instance.version,
                state: isBad ? .failing("it ended by itself with status 3") : .running)
        }
        for job in progress.jobs { observation.jobs[job] = .succeeded }
        return observation
    }

    private static func run(_ cloud: inout Cloud, _ id: String, failing: String? = nil) throws {
        for now in 1...60 where cloud.rollouts[id]?.progress.isOver == false {
            try follow(&cloud, id) { obey($0, now: now, failing: failing) }
        }
    }

    private static func text(_ error: (any Error)?) -> String { error.map { "\($0)" } ?? "nothing was refused" }

    // MARK: Beginning

    @Test("all instances that have a version and are to run are part of it, and a warning names the others")
    func chosen() throws {
        var cloud = try Self.cloud()
        cloud.services["pgw.2"]?.installation?.desired = .stopped
        cloud.services["pgw.3"]?.installation = nil
        let before = cloud
        let id = try Self.begin(&cloud, Self.request())
        let rollout = try #require(cloud.rollouts[id])
        #expect(id == "1" && rollout.progress.instances.map(\.name) == ["pgw.1"])
        #expect(rollout.versionsBefore == [Self.old: .named("1.5.0", variant: nil)])
        let difference = CloudDifference(from: before, to: cloud)
        #expect(difference.changes.map(\.name) == ["1"] && difference.locations(from: before, to: cloud).isEmpty)
        let warnings = cloud.warnings(about: difference, since: before).map(\.message)
        #expect(
            warnings == [
                "pgw.2 is to be stopped, and is left out of the rollout",
                "pgw.3 has no version: ADMIN does not run it, and is left out of the rollout",
            ])
    }

    @Test("the drain time is the longest of the type's sections")
    func drainTime() throws {
        for (drains, seconds) in [(["", ""], 600), ([", drain: 30", ", drain: 90"], 90), ([], 0)] {
            var cloud = try Self.cloud()
            let sections = drains.enumerated().map { index, drain in
                "  - {name: s\(index), address: www-ip, ports: [\(80 + index)]\(drain)}\n"
            }.joined()
            cloud.types["pgw"] = try TestCloud.type("type: pgw\n" + (sections.isEmpty ? "" : "gateway:\n\(sections)"))
            let id = try Self.begin(&cloud, Self.request())
            #expect(cloud.rollouts[id]?.progress.policy.drainTime == seconds)
        }
    }

    @Test("what cannot be rolled out is refused with its place")
    func refused() throws {
        func refusal(_ request: RolloutRequest, _ edit: (inout Cloud) -> Void = { _ in }) throws -> String {
            var cloud = try Self.cloud()
            edit(&cloud)
            return Self.text(#expect(throws: ChangeError.self) { try cloud.begin(request) })
        }
        #expect(try refusal(Self.request(type: "pgv")) == "#/type: there is no type \"pgv\"")
        #expect(try refusal(Self.request(location: "nyc")) == "#/location: there is no location \"nyc\"")
        #expect(try refusal(Self.request(["pgw.1", "pgw.9"])).hasPrefix("#/services/1: there is no service"))
        #expect(try refusal(Self.request(["tg.1"])) == "#/services/0: tg.1 is no service of the type pgw")
        #expect(try refusal(Self.request(["pgw.1", "pgw.1"])) == "#/services/1: pgw.1 is named twice")
        #expect(try refusal(Self.request(["pgw.3"], location: "tcn")) == "#/services/0: pgw.3 is not at tcn")
        #expect(
            try refusal(Self.request(["pgw.1"])) { $0.services["pgw.1"]?.installation = nil }.contains("no version"))
        #expect(
            try refusal(Self.request(["pgw.1"])) { $0.services["pgw.1"]?.installation?.desired = .stopped }
                .contains("is to be stopped"))
        #expect(
            try refusal(Self.request(type: "tg"))
                == "#/type: no service of the type tg has a version and is to run")
    }

    @Test("a second rollout of an instance is refused, and one of others is not")
    func overlap() throws {
        var (cloud, _) = try Self.begun(["pgw.2"])
        let error = #expect(throws: ChangeError.self) { try cloud.begin(Self.request(["pgw.1", "pgw.2"])) }
        #expect(
            Self.text(error)
                == "rollout 1 (pgw to 1.6.0, 0 of 1 done) is at work on pgw.2: abort it first, or wait until it ends")
        #expect(try Self.begin(&cloud, Self.request(["pgw.1"])) == "2")
    }

    @Test("what is there already, or is being done, is no fault, and nothing is begun")
    func again() throws {
        var (cloud, id) = try Self.begun()
        let before = cloud
        for services in [[], ["pgw.1"], ["pgw.3", "pgw.2"]] {
            #expect(try cloud.begin(Self.request(services)) == .underWay(rollout: id))
        }
        // One that is ending does something else.
        try Self.follow(&cloud, id) { Self.obey($0, now: 1) }
        for now in 2...3 { try Self.follow(&cloud, id) { Self.obey($0, now: now) } }
        try cloud.order(.abort, rollout: id, clock: 4, generation: 9, at: Self.time)
        #expect(Self.text(#expect(throws: ChangeError.self) { try cloud.begin(Self.request()) }).hasPrefix("rollout 1"))
        cloud = before
        #expect(
            Self.text(
                #expect(throws: ChangeError.self) {
                    try cloud.begin(Self.request(digest: String(repeating: "2c", count: 32)))
                }
            ).hasPrefix("rollout 1 (pgw to 1.6.0"))
        // Also while all have it and the last one bakes.
        (cloud, id) = try Self.begun(["pgw.1"])
        for now in 1...3 { try Self.follow(&cloud, id) { Self.obey($0, now: now) } }
        #expect(cloud.services["pgw.1"]?.installation?.digest == Self.new)
        #expect(try cloud.begin(Self.request(["pgw.1"])) == .underWay(rollout: id))
        #expect(throws: ChangeError.self) { try cloud.begin(Self.request()) }
        try Self.run(&cloud, id)
        let running: Set = ["pgw.1", "pgw.2", "pgw.3"]
        #expect(try cloud.begin(Self.request(["pgw.1"], running: running)) == .upToDate(1))
        #expect(
            try cloud.begin(Self.request(["pgw.3", "pgw.2"], digest: Self.old, running: running)) == .upToDate(2))
        #expect(cloud.rollouts.count == 1)
    }

    @Test("an instance that has the version and does not run it is part of a rollout, which marks nothing by itself")
    func assigned() throws {
        var cloud = try Self.cloud()
        for name in ["pgw.1", "pgw.2", "pgw.3"] {
            cloud.services[name]?.installation = Installation(version: .named("1.6.0", variant: nil), digest: Self.new)
        }
        let id = try Self.begin(&cloud, Self.request(running: ["pgw.1", "pgw.3", "tg.1"]))
        #expect(try cloud.begin(Self.request(running: ["pgw.1"])) == .underWay(rollout: id))
        let before = cloud.services
        try Self.follow(&cloud, id) { _ in
            var seen = RolloutObservation(now: 1)
            for name in ["pgw.1", "pgw.3"] {
                seen.services[name] = .init(wanted: Self.new, version: Self.new, state: .running)
            }
            return seen
        }
        #expect(cloud.rollouts[id]?.progress.instances.map(\.stage) == [.done, .waiting, .done])
        // One that is not part of it and does not run the version is not its business.
        #expect(cloud.rollouts[id]?.progress.isOver == false && cloud.services == before)
        try Self.follow(&cloud, id) { _ in
            RolloutObservation(
                now: 2, services: ["pgw.2": .init(wanted: Self.new, version: Self.new, state: .running)])
        }
        #expect(cloud.rollouts[id]?.progress.state == .finished && cloud.rollouts[id]?.mark == nil)
        #expect(cloud.services == before)
        #expect(try cloud.begin(Self.request(running: ["pgw.1", "pgw.2", "pgw.3"])) == .upToDate(3))
    }

    // MARK: Following

    @Test("stages become generations, versions and jobs, and the end is noted")
    func followed() throws {
        var (cloud, id) = try Self.begun(["pgw.1"])
        try Self.follow(&cloud, id, generation: 7) { Self.obey($0, now: 1) }
        #expect(cloud.rollouts[id]?.generations == ["pgw.1": 7])
        #expect(cloud.effectiveState(of: cloud.services["pgw.1"]!).description == "drain (rollout)")
        #expect(cloud.services["pgw.1"]?.installation?.digest == Self.old)
        try Self.follow(&cloud, id, generation: 8) { Self.obey($0, now: 2) }
        #expect(cloud.rollouts[id]?.progress.instances[0].stage == .starting && cloud.rollouts[id]?.generations == [:])
        #expect(
            cloud.services["pgw.1"]?.installation
                == Installation(version: .named("1.6.0", variant: nil), digest: Self.new))
        try Self.follow(&cloud, id, tests: RolloutTests(deadline: Self.time, nonce: 5)) { Self.obey($0, now: 3) }
        let job = try #require(cloud.jobs.values.first)
        #expect(
            cloud.jobs.count == 1 && job.serviceWork?.kind == .tests && job.serviceWork?.version == Self.new
                && job.id == "1-00000005")
        #expect(cloud.rollouts[id]?.jobs.values.map(\.self) == [job.id])
        try Self.follow(&cloud, id, tests: RolloutTests(deadline: Self.time, nonce: 6)) {
            RolloutObservation(now: $0.instances[0].since + 1)
        }
        #expect(cloud.jobs.count == 1)
        try Self.follow(&cloud, id, generation: 9) { Self.obey($0, now: 4) }
        #expect(cloud.rollouts[id]?.generations == ["pgw.1": 9] && cloud.rollouts[id]?.jobs == [:])
        try Self.run(&cloud, id)
        let rollout = try #require(cloud.rollouts[id])
        #expect(rollout.progress.state == .finished && rollout.endedAt == Self.time && rollout.mark == .good)
        #expect(cloud.notices.map(\.severity) == [.info] && cloud.notices[0].isResolved)
    }

    @Test("a way back gives the reference that the instance had")
    func wayBack() throws {
        var (cloud, id) = try Self.begun(["pgw.1"])
        try Self.run(&cloud, id)
        try cloud.order(.revert, rollout: id, clock: 99, generation: 20, at: Self.time)
        #expect(cloud.rollouts[id]?.endedAt == nil)
        try Self.run(&cloud, id)
        #expect(cloud.rollouts[id]?.progress.state == .reverted)
        #expect(
            cloud.services["pgw.1"]?.installation
                == Installation(version: .named("1.5.0", variant: nil), digest: Self.old))
    }

    @Test("a failure quarantines, and tells which instance, why, and what to do")
    func failure() throws {
        var (cloud, id) = try Self.begun(["pgw.1", "pgw.2"])
        try Self.run(&cloud, id, failing: Self.new)
        let rollout = try #require(cloud.rollouts[id])
        let reason = "pgw.1: it ended by itself with status 3"
        #expect(rollout.progress.state == .failed(reason) && rollout.mark == .quarantined(reason))
        #expect(cloud.services["pgw.1"]?.installation?.version == .named("1.5.0", variant: nil))
        let notice = try #require(cloud.notices.first)
        #expect(cloud.notices.count == 1 && notice.severity == .critical && !notice.isResolved)
        #expect(notice.title == "rollout 1 of pgw to 1.6.0 has failed: \(reason)")
        #expect(notice.location == "tcn" && notice.type == "pgw" && notice.name == "1")
        for part in [
            "pgw.1 on app1: it ended by itself with status 3. It is back at 1.5.0.", "portcullis rollouts show 1",
            "portcullis versions mark pgw 1.6.0",
        ] {
            #expect(notice.text.contains(part), "\(notice.text)")
        }
    }

    @Test("the notice of failed tests has the last lines of their output, within its bounds")
    func output() throws {
        for (lines, kept) in [(5, 5), (1_000, 200), (300, 200)] {
            var (cloud, id) = try Self.begun(["pgw.1"])
            for now in 1...3 {
                try Self.follow(&cloud, id, tests: RolloutTests(deadline: Self.time, nonce: 5)) {
                    Self.obey($0, now: now)
                }
            }
            let output = (1...lines).map { "line \($0)\(lines == 300 ? String(repeating: "ä", count: 100) : "")\n" }
            cloud.endJob(
                "1-00000005",
                Job.End(outcome: .failed, endedAt: Self.time, problem: "exit 1", output: output.joined()))
            try Self.follow(&cloud, id) { progress in
                var observation = RolloutObservation(now: 4)
                for job in progress.jobs { observation.jobs[job] = .failed("its tests have failed: exit 1") }
                return observation
            }
            try Self.run(&cloud, id)
            let notice = try #require(cloud.notices.first)
            #expect(notice.text.utf8.count <= 16 << 10)
            let shown = notice.text.split(separator: "\n").filter { $0.hasPrefix("line ") }
            #expect(shown.last?.hasPrefix("line \(lines)") == true)
            if lines == 300 { #expect((20..<200).contains(shown.count)) } else { #expect(shown.count == kept) }
        }
    }

    @Test("what a gateway holds back ends the rollout, and the version keeps its mark")
    func held() throws {
        var (cloud, id) = try Self.begun(["pgw.1"])
        try Self.follow(&cloud, id) { _ in RolloutObservation(now: 1) }
        try Self.follow(&cloud, id) { _ in RolloutObservation(now: 2, confirmations: ["pgw.1": .held("gw1")]) }
        let rollout = try #require(cloud.rollouts[id])
        #expect(rollout.progress.state == .failed("gw1 holds the export back: pgw.1 was not touched"))
        #expect(rollout.mark == nil && cloud.effectiveState(of: cloud.services["pgw.1"]!).state == .ready)
        #expect(cloud.notices.first?.text.contains("was not tried") == true)
    }

    @Test("a stuck instance stays drained until it is taken back, rolled out anew, let go or removed")
    func stuck() throws {
        func stuckCloud() throws -> (Cloud, String) {
            var (cloud, id) = try Self.begun(["pgw.1"])
            for now in 1...3 { try Self.follow(&cloud, id) { Self.obey($0, now: now, failing: Self.new) } }
            try Self.follow(&cloud, id) { Self.obey($0, now: 4, failing: Self.old) }
            #expect(cloud.rollouts[id]?.drained == ["pgw.1"] && cloud.rollouts[id]?.progress.isOver == true)
            #expect(cloud.notices.map(\.severity) == [.critical, .critical])
            return (cloud, id)
        }
        var (cloud, id) = try stuckCloud()
        // It has the version, and gets no requests.
        #expect(
            Self.text(
                #expect(throws: ChangeError.self) { try cloud.begin(Self.request(["pgw.1"], digest: Self.old)) }
            ).contains("pgw.1 is stuck: `portcullis rollouts revert 1`"))
        try cloud.order(.revert, rollout: id, clock: 50, generation: 30, at: Self.time)
        try Self.run(&cloud, id)
        #expect(cloud.rollouts[id]?.progress.state == .reverted && cloud.heldBackByRollouts.isEmpty)

        (cloud, id) = try stuckCloud()
        try cloud.order(.abort, rollout: id, clock: 50, generation: 30, at: Self.time)
        #expect(cloud.heldBackByRollouts.isEmpty)
        #expect(
            Self.text(
                #expect(throws: ChangeError.self) {
                    try cloud.order(.abort, rollout: id, clock: 50, generation: 31, at: Self.time)
                }
            ).hasSuffix("it has ended"))

        (cloud, id) = try stuckCloud()
        let next = try Self.begin(&cloud, Self.request(["pgw.1"]))
        #expect(cloud.heldBackByRollouts == ["pgw.1"])
        try Self.follow(&cloud, next) { _ in RolloutObservation(now: 1) }
        #expect(cloud.rollouts[id]?.drained == [] && cloud.heldBackByRollouts == ["pgw.1"])
        try Self.run(&cloud, next)
        #expect(cloud.heldBackByRollouts.isEmpty)

        (cloud, id) = try stuckCloud()
        let before = cloud
        cloud.services["pgw.1"] = nil
        try cloud.settleRollouts(since: before)
        #expect(cloud.heldBackByRollouts.isEmpty)
    }

    @Test("ended rollouts are forgotten beyond 200, but not what is still to be done")
    func kept() throws {
        var cloud = try Self.cloud()
        for number in 1...203 {
            let id = try Self.begin(&cloud, Self.request(["pgw.1"]))
            try cloud.order(.abort, rollout: id, clock: 0, generation: 2, at: Self.time)
            if number == 1 { cloud.rollouts[id]?.mark = .good }
        }
        #expect(cloud.rollouts.count == 201 && cloud.rollouts["1"] != nil && cloud.rollouts["2"] == nil)
        #expect(cloud.rollouts["4"] != nil && cloud.rollouts["203"] != nil)
    }

    // MARK: Orders

    @Test("an order that means nothing to the rollout as it is, is refused")
    func orders() throws {
        var (cloud, id) = try Self.begun()
        func refusal(_ order: RolloutOrder, _ gateways: Set<String> = [], _ name: String? = nil) -> String {
            var copy = cloud
            return Self.text(
                #expect(throws: ChangeError.self) {
                    try copy.order(
                        order, rollout: name ?? id, withoutGateways: gateways, clock: 5, generation: 9, at: Self.time)
                })
        }
        #expect(refusal(.pause, [], "77") == "there is no rollout 77")
        #expect(refusal(.resume).hasSuffix("it is not paused"))
        #expect(refusal(.abort, ["gw1"]).hasPrefix("#/withoutGateways"))
        try cloud.order(.resume, rollout: id, withoutGateways: ["gw2"], clock: 5, generation: 9, at: Self.time)
        #expect(cloud.rollouts[id]?.progress.withoutGateways == ["gw2"])
        try cloud.order(.pause, rollout: id, clock: 5, generation: 9, at: Self.time)
        #expect(refusal(.pause).hasSuffix("it is not running"))
        #expect(cloud.notices.isEmpty)
        try cloud.order(.resume, rollout: id, clock: 5, generation: 9, at: Self.time)
        try Self.follow(&cloud, id) { Self.obey($0, now: 6) }
        try cloud.order(.abort, rollout: id, clock: 7, generation: 9, at: Self.time)
        #expect(cloud.rollouts[id]?.progress.state == .aborted)
        #expect(refusal(.revert).hasSuffix("no instance of it has another version than before"))
    }

    @Test("a rollout whose instances have changed since is not reverted")
    func revertLate() throws {
        var (cloud, id) = try Self.begun(["pgw.1"])
        try Self.run(&cloud, id)
        func refusal(_ edit: (inout Cloud) throws -> Void) throws -> String {
            var copy = cloud
            try edit(&copy)
            return Self.text(
                #expect(throws: ChangeError.self) {
                    try copy.order(.revert, rollout: id, clock: 90, generation: 9, at: Self.time)
                })
        }
        #expect(
            try refusal { $0.services["pgw.1"]?.installation?.digest = String(repeating: "2c", count: 32) }
                .contains("pgw.1 was given another version"))
        #expect(try refusal { $0.services["pgw.1"]?.installation?.desired = .stopped }.contains("stopped since"))
        #expect(
            try refusal { $0.services["pgw.1"] = nil }.hasSuffix("no instance of it has another version than before"))
        #expect(
            try refusal { _ = try $0.begin(Self.request(["pgw.1"], digest: String(repeating: "2c", count: 32))) }
                .hasPrefix("rollout 2"))
    }

    @Test("an instance that was removed since is left out of a revert, and the others go back")
    func revertWithoutOne() throws {
        var (cloud, id) = try Self.begun(["pgw.1", "pgw.2"])
        try Self.run(&cloud, id)
        cloud.services["pgw.1"] = nil
        #expect(cloud.rolloutsThatMayGoBack(to: Self.old, endedSince: "").map(\.id) == [id])
        try cloud.order(.revert, rollout: id, clock: 90, generation: 9, at: Self.time)
        try Self.run(&cloud, id)
        for now in 91...120 where cloud.rollouts[id]?.progress.isOver == false {
            try Self.follow(&cloud, id) { Self.obey($0, now: now) }
        }
        #expect(cloud.rollouts[id]?.progress.state == .reverted)
        #expect(cloud.services["pgw.2"]?.installation?.digest == Self.old && cloud.services["pgw.1"] == nil)
        #expect(cloud.rollouts[id]?.progress.instances[0].problem?.contains("no more") == true)
        #expect(cloud.rolloutsThatMayGoBack(to: Self.old, endedSince: "").isEmpty)
    }

    // MARK: What others change

    @Test("an instance of a rollout is not moved, stopped, removed or given a version by others")
    func guarded() throws {
        let (cloud, _) = try Self.begun(["pgw.1"])
        func isRefused(_ edit: (inout Cloud) throws -> Void) throws -> Bool {
            var copy = cloud
            try edit(&copy)
            do { try copy.settleRollouts(since: cloud) } catch ChangeError.inUse(let text) {
                #expect(text.contains("rollout 1") && text.contains("abort it first"))
                return true
            }
            return false
        }
        #expect(try isRefused { $0.services["pgw.1"] = nil })
        #expect(try isRefused { $0.services["pgw.1"]?.server = "app4" })
        #expect(try isRefused { $0.services["pgw.1"]?.installation?.desired = .stopped })
        #expect(try isRefused { $0.services["pgw.1"]?.installation?.digest = Self.new })
        #expect(try isRefused { $0.services["pgw.1"]?.installation?.version = .manifest(Self.old) })
        #expect(try isRefused { $0.services["pgw.1"]?.installation = nil })
        #expect(try isRefused { $0.servers["app1"]?.location = "hel" })
        #expect(try !isRefused { $0.services["pgw.1"]?.state = .maint })
        #expect(try !isRefused { $0.services["pgw.1"]?.weight = 5 })
        #expect(try !isRefused { $0.servers["app1"]?.state = .drain })
        #expect(try !isRefused { $0.services["pgw.2"]?.server = "app4" })
        #expect(try !isRefused { try $0.order(.abort, rollout: "1", clock: 1, generation: 2, at: Self.time) })
        #expect(
            try !isRefused { cloud in
                for now in 1...2 { try Self.follow(&cloud, "1") { Self.obey($0, now: now) } }
            })
        var copy = cloud
        #expect(
            Self.text(#expect(throws: ChangeError.self) { try copy.deleteType("pgw") })
                .contains("is at work on type pgw"))
    }
}
