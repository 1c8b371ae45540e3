import AdminAPI
import Cloud
import Foundation
import GRDB
import Names
import RegistryTestSupport
import Rollouts
import TestSupport
import Testing
import Versions

@testable import Registry

/// Rollouts as ADMIN works through them, on each engine.
@Suite("Rollouts at work") struct RolloutDriverTests {
    private func withStage(
        _ engine: RegistryStoreTests.Engine = .memory, _ body: (RolloutStage) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let stage = try await RolloutStage(engine, in: folder)
            try await body(stage)
            #expect(stage.faults == [])
            if engine == .sqlite { try stage.registry.close() }
        }
    }

    private static let allNew: [String?] = Array(repeating: RolloutStage.new, count: 3)
    private static let allOld: [String?] = Array(repeating: RolloutStage.old, count: 3)

    @Test(
        "all instances get the version, one after another, and it is marked good",
        arguments: RegistryStoreTests.Engine.allCases)
    func whole(engine: RegistryStoreTests.Engine) async throws {
        try await withStage(engine) { stage in
            try await stage.begin()
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
            #expect(try await stage.versions() == Self.allNew)
            #expect(try await stage.mark().mark == .good)
            #expect(try await stage.rollout().mark == nil)
            #expect(stage.outside.asked.map(\.service) == RolloutStage.names)
            #expect(stage.outside.asked[0].location == "tcn" && stage.outside.asked[0].tests.count == 1)
            let cloud = try await stage.registry.state().cloud
            #expect(cloud.jobs.count == 3 && cloud.jobs.values.allSatisfy { $0.end?.outcome == .succeeded })
            #expect(cloud.heldBackByRollouts.isEmpty)
            #expect(stage.log.notable == [])
            let actors = try await stage.registry.events(after: 0, before: .max, limit: 200).page.events
                .filter { $0.kind == .rollout }.map(\.actor)
            #expect(actors.count { $0 == "ops" } == 1 && Set(actors) == ["ops", "rollouts"])
        }
    }

    @Test(
        "ADMIN that is restarted after each commit comes to the same end, and no wait is shorter",
        arguments: RegistryStoreTests.Engine.allCases)
    func restarts(engine: RegistryStoreTests.Engine) async throws {
        try await withStage(engine) { stage in
            try await stage.begin(["pgw.1", "pgw.2"], RolloutPolicy(bake: 5, deadline: 40))
            let start = stage.clock.uptime()
            try await stage.run(isRestarted: true)
            #expect(try await stage.rollout().progress.state == .finished)
            #expect(try await stage.versions() == [RolloutStage.new, RolloutStage.new, RolloutStage.old])
            #expect(stage.clock.uptime() - start >= .seconds(10))
            #expect(try await stage.mark().mark == .good)
            #expect(try await stage.registry.state().cloud.jobs.count == 2)
        }
    }

    @Test("what is stored of a rollout is what another ADMIN reads", arguments: RegistryStoreTests.Engine.allCases)
    func stored(engine: RegistryStoreTests.Engine) async throws {
        try await withStage(engine) { stage in
            stage.testOutcome = .running
            try await stage.change { $0.services["pgw.3"]?.installation?.desired = .stopped }
            try await stage.begin([], RolloutPolicy(batch: .percent(50), canary: .init(count: 1, promotion: .manual)))
            try await stage.run(until: .testing, of: "pgw.1")
            try await stage.round()
            let rollout = try await stage.rollout()
            #expect(rollout.jobs.count == 1 && rollout.leftOut == ["pgw.3"] && rollout.clock > 0)
            try await stage.restart()
            #expect(try await stage.rollout() == rollout)
            stage.testOutcome = .failed
            try await stage.run()
            #expect(try await stage.rollout().progress.isOver)
            let ended = try await stage.rollout()
            try await stage.restart()
            #expect(try await stage.rollout() == ended)
        }
    }

    @Test("nothing is written while nothing gets further, and deadlines do not follow the wall clock")
    func idle() async throws {
        try await withStage { stage in
            stage.silent = ["gw2"]
            try await stage.begin()
            try await stage.round()
            #expect(try await stage.stage(of: "pgw.1") == .draining)
            let generation = try await stage.registry.state().generation
            stage.clock.set(by: 1e6)
            for _ in 0..<10 { try await stage.round() }
            #expect(try await stage.registry.state().generation == generation)
            let shown = try await stage.driver.resource(
                "1", in: try await stage.registry.state(), withInstances: true)
            #expect(shown.instances?[0].waitsFor == "gw2 to confirm" && shown.instances?[1].waitsFor == nil)
            #expect(shown.state == .running && shown.total == 3 && shown.instances?[0].before == "1.5.0")
            #expect((9...12).contains(shown.instances?[0].seconds ?? 0))
        }
    }

    // MARK: Gateways

    @Test("an export that gateways have had before confirms nothing until they poll after the commit")
    func sameTag() async throws {
        try await withStage { stage in
            try await stage.change { $0.services["pgw.1"]?.state = .drain }
            try await stage.play()
            let drained = try await stage.registry.state().exports.tags["tcn"]
            try await stage.change { $0.services["pgw.1"]?.state = .ready }
            // No gateway has polled since: their last word is that they have it drained.
            try await stage.begin(["pgw.1"])
            for _ in 0..<5 { await stage.driver.look() }
            #expect(try await stage.registry.state().exports.tags["tcn"] == drained)
            #expect(try await stage.stage(of: "pgw.1") == .draining)
            try await stage.play()
            await stage.driver.look()
            #expect(try await stage.stage(of: "pgw.1") == .starting)
        }
    }

    @Test("connections are waited for as long as the drain time")
    func connections() async throws {
        try await withStage { stage in
            stage.connections = ["pgw.1": 2]
            try await stage.begin(["pgw.1"])
            try await stage.run(until: .emptying, of: "pgw.1")
            for _ in 0..<10 { try await stage.round() }
            #expect(try await stage.stage(of: "pgw.1") == .emptying)
            let state = try await stage.registry.state()
            let shown = try await stage.driver.resource("1", in: state, withInstances: true)
            #expect(shown.instances?[0].waitsFor == "4 connections to end")
            stage.connections = [:]
            for _ in 0..<2 { try await stage.round() }
            #expect(try await stage.stage(of: "pgw.1") != .emptying)
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
        }
    }

    @Test("an instance that the export does not have waits only while gateways have connections to its server")
    func absent() async throws {
        for isTold in [true, false] {
            try await withStage { stage in
                try await stage.change { $0.services["pgw.1"]?.state = .maint }
                for _ in 0..<3 { try await stage.play() }
                stage.left = ["198.51.100.36:80/tcp 10.1.0.11:80": 2, "198.51.100.36:80/tcp 10.1.0.12:80": 1]
                try await stage.play()
                try await stage.begin(["pgw.1"])
                try await stage.run(until: .emptying, of: "pgw.1")
                for _ in 0..<10 { try await stage.round() }
                #expect(try await stage.stage(of: "pgw.1") == .emptying)
                let state = try await stage.registry.state()
                let shown = try await stage.driver.resource("1", in: state, withInstances: true)
                #expect(shown.instances?[0].waitsFor == "4 connections to end")
                stage.left["198.51.100.36:80/tcp 10.1.0.11:80"] = nil
                // Of what reports leave out, nobody knows whose it is.
                stage.leftBesides = isTold ? 0 : 1
                for _ in 0..<3 { try await stage.round() }
                #expect(try await (stage.stage(of: "pgw.1") == .emptying) == !isTold)
                try await stage.run()
                #expect(try await stage.rollout().progress.state == .finished)
                #expect(try await stage.state(of: "pgw.1") == "maint")
            }
        }
    }

    @Test("an export that a gateway holds back ends the rollout, and nothing was touched")
    func held() async throws {
        try await withStage { stage in
            stage.holding = ["gw2"]
            try await stage.begin()
            try await stage.run()
            #expect(
                try await stage.rollout().progress.state
                    == .failed("gw2 holds the export back: pgw.1 was not touched"))
            #expect(try await stage.versions() == Self.allOld)
            #expect(try await stage.state(of: "pgw.1") == "ready")
            #expect(try await stage.mark().mark == .untested)
        }
    }

    @Test("a silent gateway pauses the rollout at the deadline, and it can go on without it")
    func silent() async throws {
        try await withStage { stage in
            stage.silent = ["gw2"]
            try await stage.begin([], RolloutPolicy(bake: 0, deadline: 20))
            try await stage.run()
            #expect(
                try await stage.rollout().progress.state
                    == .paused("gw2 has not confirmed within 20 s: pgw.1 was not touched"))
            #expect(try await stage.state(of: "pgw.1") == "ready")
            try await stage.order(.resume, without: ["gw2"])
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
        }
    }

    @Test("where no gateway has ever polled, none is waited for, and the log says so once")
    func noGateway() async throws {
        try await withStage { stage in
            for name in RolloutStage.gatewayNames {
                try await stage.gateways.forget(GatewayID(location: "tcn", name: name), by: "ops", dryRun: false)
            }
            stage.silent = Set(RolloutStage.gatewayNames)
            try await stage.begin()
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
            #expect(stage.log.all.count { $0.contains("no gateway has polled") } == 1)
        }
    }

    @Test("an instance of a type without gateway sections waits for no gateway")
    func notExported() async throws {
        try await withStage { stage in
            try await stage.change { $0.types["pgw"] = try ServiceType.read(source: "type: pgw\n", name: "pgw") }
            stage.silent = Set(RolloutStage.gatewayNames)
            try await stage.begin([], RolloutPolicy(bake: 0, deadline: 20))
            try await stage.run(atMost: 60)
            #expect(try await stage.rollout().progress.state == .finished)
        }
    }

    // MARK: Others' states

    @Test("an instance's own maint and its server's drain outlive the rollout")
    func states() async throws {
        try await withStage { stage in
            try await stage.change { cloud in
                cloud.services["pgw.1"]?.state = .maint
                cloud.servers["app2"]?.state = .drain
            }
            try await stage.begin()
            try await stage.run(until: .draining, of: "pgw.3", atMost: 120)
            // Also a state that is set meanwhile.
            try await stage.change { $0.services["pgw.3"]?.state = .drain }
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
            #expect(try await stage.versions() == Self.allNew)
            #expect(try await stage.state(of: "pgw.1") == "maint")
            #expect(try await stage.state(of: "pgw.2") == "drain (server)")
            #expect(try await stage.state(of: "pgw.3") == "drain")
        }
    }

    @Test("a service that a rollout is at work on is not changed by others")
    func guarded() async throws {
        try await withStage { stage in
            try await stage.begin(["pgw.1"])
            for edit: @Sendable (inout Cloud) -> Void in [
                { $0.services["pgw.1"] = nil }, { $0.services["pgw.1"]?.server = "app2" },
                { $0.services["pgw.1"]?.installation?.desired = .stopped },
            ] {
                await #expect(throws: ChangeError.self) { try await stage.change(edit) }
            }
            try await stage.change { $0.services["pgw.1"]?.weight = 3 }
            try await stage.run()
            try await stage.change { $0.services["pgw.1"] = nil }
        }
    }

    // MARK: Failures

    @Test(
        "a version that fails goes back, and is quarantined with the reason",
        arguments: ["start", "tests", "outside", "health"])
    func failure(how: String) async throws {
        try await withStage { stage in
            switch how {
            case "start": stage.broken = [RolloutStage.new]
            case "tests": stage.testOutcome = .failed
            case "outside": stage.outside.problem = "HTTP 500"
            default: break
            }
            try await stage.begin([], RolloutPolicy(bake: 30, deadline: 40))
            if how == "health" {
                try await stage.run(until: .baking, of: "pgw.1")
                stage.down = ["pgw.1/http": "HTTP 500"]
                // It was down while it was started: not yet.
                for _ in 0..<5 { try await stage.round() }
                #expect(try await stage.stage(of: "pgw.1") == .baking)
            }
            try await stage.run()
            let reason =
                switch how {
                case "start": "it ended by itself with status 3"
                case "tests": "its tests have failed: smoke-node: HTTP 500"
                case "outside": "its tests from outside have failed: HTTP 500"
                default: "gw1 has http down: HTTP 500"
                }
            #expect(try await stage.rollout().progress.state == .failed("pgw.1: \(reason)"))
            #expect(try await stage.versions() == Self.allOld)
            #expect(try await stage.state(of: "pgw.1") == "ready")
            let mark = try await stage.mark()
            #expect(mark.mark == .quarantined && mark.reason == "rollout 1: pgw.1: \(reason)")
            #expect(mark.markedBy == "rollouts")
            let notices = try await stage.registry.store.notices(after: 0, limit: 10).map(\.notice)
            #expect(notices.map(\.severity) == [.critical] && notices[0].title.contains("pgw.1: \(reason)"))
            if how == "tests" { #expect(notices[0].text.contains("smoke-node: HTTP 500:\nsmoke-node")) }
            await #expect(throws: ChangeError.self) {
                try await stage.registry.target(
                    ofRolloutTo: .named("1.6.0", variant: nil), of: "pgw", at: "#/version")
            }
        }
    }

    @Test(
        "tests of which nobody knows how they ended are begun once more; a second time ends the rollout, not the version",
        arguments: [1, 2])
    func unseenTests(count: Int) async throws {
        try await withStage(.sqlite) { stage in
            stage.unseenJobs = count
            try await stage.begin(["pgw.1"])
            try await stage.run(isRestarted: true)
            let cloud = try await stage.registry.state().cloud
            #expect(cloud.jobs.values.count { $0.end?.outcome == .unknown } == count && cloud.jobs.count == 2)
            if count == 1 {
                #expect(try await stage.rollout().progress.state == .finished)
                #expect(try await stage.mark().mark == .good)
            } else {
                #expect(
                    try await stage.rollout().progress.state
                        == .failed(
                            "pgw.1: nobody knows how its tests ended, also when they were begun once more: "
                                + "portcullis-node was ended"))
                #expect(try await stage.versions() == Self.allOld)
                #expect(try await stage.mark().mark == .untested)
                let notice = try await stage.registry.store.notices(after: 0, limit: 10).map(\.notice).last
                #expect(notice?.text.contains("That says nothing of the version") == true)
            }
        }
    }

    @Test("a version that servers do not trust goes back at once, and keeps its mark")
    func refused() async throws {
        try await withStage { stage in
            stage.refused = [RolloutStage.new]
            try await stage.begin()
            try await stage.run(atMost: 20)
            #expect(
                try await stage.rollout().progress.state
                    == .failed("pgw.1: its server refuses it: it is not trusted"))
            #expect(try await stage.versions() == Array(repeating: RolloutStage.old, count: 3))
            #expect(try await stage.mark().mark == .untested)
            #expect(stage.faults.isEmpty)
        }
    }

    @Test("there is nothing to do only when every server says that it runs the version: else that is waited for")
    func assigned() async throws {
        try await withStage { stage in
            stage.refused = [RolloutStage.new]
            stage.silentServers = ["app3"]
            try await stage.change { cloud in
                for name in RolloutStage.names {
                    cloud.services[name]?.installation?.digest = RolloutStage.new
                    cloud.services[name]?.installation?.version = .named("1.6.0", variant: nil)
                }
            }
            try await stage.play()
            #expect(try await stage.ask() == .begun(rollout: "1"))
            try await stage.run(atMost: 20)
            #expect(
                try await stage.rollout().progress.state
                    == .failed("pgw.1: it has the version already, and its server refuses it: it is not trusted"))
            #expect(try await stage.mark().mark == .untested)
            // The key is trusted now, and one server has not heard of the version yet.
            stage.refused = []
            try await stage.play()
            #expect(try await stage.ask() == .begun(rollout: "2"))
            await stage.driver.look()
            let state = try await stage.registry.state()
            let resource = try await stage.driver.resource("2", in: state, withInstances: true)
            #expect(resource.instances?.map(\.stage) == ["done", "done", "waiting"])
            #expect(resource.instances?[2].waitsFor == "app3 to run it")
            stage.silentServers = []
            try await stage.run("2")
            #expect(try await stage.rollout("2").progress.state == .finished)
            #expect(try await stage.mark().mark == .untested)
            #expect(try await stage.ask() == .upToDate(3))
            #expect(stage.faults.isEmpty)
        }
    }

    @Test("how long an instance is stuck goes on after the end of its rollout")
    func stuckFor() async throws {
        try await withStage { stage in
            stage.broken = [RolloutStage.new, RolloutStage.old]
            try await stage.begin(["pgw.1"])
            try await stage.run()
            #expect(try await stage.stage(of: "pgw.1") == .stuck)
            stage.clock.advance(by: 90)
            let state = try await stage.registry.state()
            let resource = try await stage.driver.resource("1", in: state, withInstances: true)
            #expect((90...100).contains(resource.instances?[0].seconds ?? 0))
        }
    }

    @Test("an ADMIN that ends before the version is marked has it marked by the next one")
    func markedLater() async throws {
        try await withStage { stage in
            stage.testOutcome = .failed
            try await stage.begin(["pgw.1"])
            try await stage.run(until: .testing, of: "pgw.1")
            // Tests cannot be looked up by this one, but the job is there.
            try await stage.restart(isMarking: false)
            try await stage.run()
            #expect(try await stage.rollout().progress.isOver)
            #expect(try await stage.mark().mark == .untested)
            #expect(try await stage.rollout().mark != nil)
            try await stage.restart()
            await stage.driver.look()
            #expect(try await stage.mark().mark == .quarantined)
            #expect(try await stage.rollout().mark == nil)
            let generation = try await stage.registry.state().generation
            await stage.driver.look()
            #expect(try await stage.registry.state().generation == generation)
        }
    }

    @Test("a server that is silent while its instance bakes does not pass for a healthy one")
    func silentServer() async throws {
        try await withStage { stage in
            try await stage.begin(["pgw.1"], RolloutPolicy(bake: 200, deadline: 150))
            try await stage.run(until: .baking, of: "pgw.1")
            stage.silentServers = ["app1"]
            for _ in 0..<250 { try await stage.round() }
            #expect(try await stage.stage(of: "pgw.1") == .baking)
            let state = try await stage.registry.state()
            let shown = try await stage.driver.resource("1", in: state, withInstances: true)
            #expect(shown.instances?[0].waitsFor == "app1, which is silent")
            stage.silentServers = []
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .finished)
        }
    }

    // MARK: Orders

    @Test("a finished rollout is reverted, and the version keeps its mark")
    func revert() async throws {
        try await withStage { stage in
            try await stage.begin()
            try await stage.run()
            try await stage.order(.revert)
            try await stage.run()
            #expect(try await stage.rollout().progress.state == .reverted)
            #expect(try await stage.versions() == Self.allOld)
            #expect(try await stage.mark().mark == .good)
            let cloud = try await stage.registry.state().cloud
            #expect(cloud.services["pgw.1"]?.installation?.version == .named("1.5.0", variant: nil))
        }
    }

    @Test("an order counts by the rollout's clock, and what was planned before it is not committed")
    func order() async throws {
        try await withStage { stage in
            stage.silent = ["gw2"]
            try await stage.begin([], RolloutPolicy(bake: 0, deadline: 20))
            try await stage.run(until: .draining, of: "pgw.1")
            stage.clock.advance(by: 15)
            try await stage.order(.pause)
            try await stage.order(.resume)
            // The instance has its whole time again.
            stage.clock.advance(by: 15)
            await stage.driver.look()
            #expect(try await stage.rollout().progress.state == .running)
            stage.clock.advance(by: 6)
            await stage.driver.look()
            #expect(try await stage.rollout().progress.state != .running)
            try await stage.order(.abort)
            let ended = try await stage.rollout()
            #expect(ended.progress.state == .aborted && ended.endedAt != nil)
        }
    }

    @Test("a version that is not there, or of another type, is refused")
    func unknownVersion() async throws {
        try await withStage { stage in
            let registry = stage.registry
            let new = try await registry.target(
                ofRolloutTo: .manifest(RolloutStage.new), of: "pgw", at: "#/version")
            #expect(new.digest == RolloutStage.new)
            for (reference, type) in [
                (VersionReference.named("1.7.0", variant: nil), "pgw"), (.named("1.6.0", variant: "debug"), "pgw"),
                (.manifest(RolloutStage.new), "tg"), (.manifest(String(repeating: "0", count: 64)), "pgw"),
            ] {
                let error = await #expect(throws: ChangeError.self) {
                    try await registry.target(ofRolloutTo: reference, of: type, at: "#/version")
                }
                #expect("\(error as Any)".contains("there is no version"))
            }
        }
    }

    @Test("a version that a rollout needs is not removed, also where no instance has it")
    func needed() async throws {
        try await withStage { stage in
            let keeper = stage.keeper
            @Sendable func remove(_ name: String) async throws {
                _ = try await keeper.remove(VersionName(type: "pgw", name: name), by: "ops", dryRun: false) { _ in }
            }
            try await stage.begin(["pgw.1"])
            let error = await #expect(throws: VersionError.self) { try await remove("1.6.0") }
            #expect("\(error as Any)".contains("rollout 1"))
            try await stage.order(.abort)
            try await remove("1.6.0")
        }
    }

    @Test("a version that a rollout may be reverted to is kept for a week, or until its instances have another one")
    func keptForWayBack() async throws {
        for isLate in [true, false] {
            try await withStage { stage in
                let keeper = stage.keeper
                @Sendable func remove() async throws {
                    _ = try await keeper.remove(VersionName(type: "pgw", name: "1.5.0"), by: "ops", dryRun: false) {
                        _ in
                    }
                }
                try await stage.begin()
                try await stage.run()
                let error = await #expect(throws: VersionError.self) { try await remove() }
                #expect(
                    error?.description.hasPrefix(
                        "the version pgw 1.5.0 is kept by rollout 1 (pgw to 1.6.0, finished), which may be reverted to it "
                            + "until 20") == true)
                if isLate {
                    stage.clock.advance(by: 7 * 86_400 - 60)
                    await #expect(throws: VersionError.self) { try await remove() }
                    stage.clock.advance(by: 120)
                } else {
                    try await stage.change { cloud in
                        cloud.services["pgw.1"]?.installation?.digest = String(repeating: "2c", count: 32)
                    }
                }
                try await remove()
            }
        }
    }

    @Test("a rollout whose version before is gone is not reverted, and nothing is begun")
    func revertToNothing() async throws {
        try await withStage { stage in
            try await stage.begin()
            try await stage.run()
            stage.clock.advance(by: 8 * 86_400)
            _ = try await stage.keeper.remove(VersionName(type: "pgw", name: "1.5.0"), by: "ops", dryRun: false) { _ in
            }
            let before = try await stage.rollout()
            let error = await #expect(throws: ChangeError.self) { try await stage.order(.revert) }
            #expect(
                error.map { "\($0)" }
                    == "rollout 1 (pgw to 1.6.0, finished): the version 1.5.0 that its instances had before is not at ADMIN "
                    + "any more: push it again, or begin a rollout to another one")
            #expect(try await stage.rollout() == before)
        }
    }

    // MARK: Running and storing

    @Test("it works by itself, woken by what changes")
    func running() async throws {
        try await withStage { stage in
            let driver = stage.driver
            let task = Task { try await driver.run() }
            try await stage.begin(["pgw.1"], RolloutPolicy(bake: 0, deadline: 4_000))
            for _ in 0..<400 where try await !stage.rollout().progress.isOver {
                try await stage.play()
                try await Task.sleep(for: .milliseconds(25))
            }
            #expect(try await stage.rollout().progress.state == .finished)
            task.cancel()
            try await task.value
        }
    }

    @Test("a registry from before rollouts is opened, and has none")
    func migration() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            do {
                let pool = try DatabasePool(path: path)
                try SQLiteMigrations.migrator.migrate(pool, upTo: "19 servers that run services")
                try await pool.write { db in try db.execute(sql: "INSERT INTO location (name) VALUES ('tcn')") }
                try pool.close()
            }
            let registry = try Registry(path: path)
            let cloud = try await registry.state().cloud
            #expect(cloud.locations.keys.map(\.self) == ["tcn"] && cloud.rollouts.isEmpty)
            try registry.close()
        }
    }

    @Test(
        "a rollout that cannot be read is named",
        arguments: ["format = 2", "progress = '{'", "version = '-'"])
    func unreadable(damage: String) async throws {
        try await withStage(.sqlite) { stage in
            try await stage.begin()
            try await stage.registry.database.write { db in try db.execute(sql: "UPDATE rollout SET \(damage)") }
            try await stage.restart()
            let error = await #expect(throws: RegistryError.self) { try await stage.registry.state() }
            #expect("\(error as Any)".contains("rollout 1"))
        }
    }
}
