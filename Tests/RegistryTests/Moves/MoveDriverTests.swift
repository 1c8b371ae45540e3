import AdminAPI
import Cloud
import Foundation
import Names
import RegistryTestSupport
import Rollouts
import TestSupport
import Testing

@testable import Registry

@Suite("Moves at work") struct MoveDriverTests {
    private func withCloud(
        _ engine: RegistryStoreTests.Engine, _ body: (PlayedCloud) async throws -> Void
    ) async throws {
        switch engine {
        case .memory: try await body(PlayedCloud(InMemoryStore()))
        case .sqlite:
            try await withTemporaryFolder { folder in
                try await body(PlayedCloud(try SQLiteStore(path: folder.appending(path: "registry.sqlite").path)))
            }
        }
    }

    @Test(
        "the new place runs before the export names it, and the old one goes when the gateways and the time have said so",
        arguments: RegistryStoreTests.Engine.allCases, [false, true])
    func whole(engine: RegistryStoreTests.Engine, isRestarting: Bool) async throws {
        try await withCloud(engine) { played in
            try await played.seed()
            played.states["app3"] = .starting
            try await played.move(to: "app3")
            #expect(try await played.cloud.services["pgw.1"]?.server == "app1")
            #expect(try await played.desired(on: "app1") == .running)
            #expect(try await played.desired(on: "app3") == .running)
            for _ in 0..<5 {
                try await played.play()
                await played.driver.look()
                played.clock.advance(by: 1)
            }
            #expect(try await played.move?.progress.stage == .placing)
            played.states["app3"] = nil
            played.outcomes["app3"] = .some(nil)
            try await played.go(until: { $0.progress.stage == .testing }, restarting: isRestarting)
            #expect(try await played.cloud.jobs.values.map { "\($0)" } == ["tests of pgw.1 on app3"])
            played.outcomes["app3"] = nil
            played.silent = ["gw2"]
            try await played.go(until: { $0.progress.stage == .switching }, restarting: isRestarting)
            #expect(try await played.cloud.services["pgw.1"]?.server == "app3")
            // A silent gateway may still send to the old place, however long that lasts.
            for _ in 0..<5 {
                if isRestarting { await played.restart() }
                played.clock.advance(by: 1_000)
                try await played.play()
                await played.driver.look()
            }
            #expect(try await played.move?.progress.stage == .switching)
            #expect(try await played.desired(on: "app1") == .running)
            played.silent = []
            try await played.go(until: { $0.progress.stage == .leaving }, restarting: isRestarting)
            #expect(try await played.desired(on: "app1") == .running)
            // No restart makes a wait shorter.
            if isRestarting { await played.restart() }
            try await played.play()
            await played.driver.look()
            played.clock.advance(by: 58)
            try await played.play()
            await played.driver.look()
            let leaving = try #require(try await played.move)
            #expect(leaving.isOpen)
            let left = leaving.progress.secondsLeft(at: played.registry.moveClocks.now(of: leaving))
            #expect((0...2).contains(try #require(left)))
            played.clock.advance(by: 2)
            try await played.go(until: { !$0.isOpen })
            #expect(try await played.move?.progress.end == .moved)
            #expect(try await played.desired(on: "app1") == .absent)
            #expect(try await played.desired(on: "app3") == .running)
            #expect(try await played.cloud.remains == [.init(server: "app1", service: "pgw.1"): Remains()])
            #expect(played.faults.isEmpty, "\(played.faults)")
            #expect(try await played.store.load().cloud.moves == (try await played.cloud).moves)
            #expect(
                AssignmentSet(of: try await played.cloud).tags == (try await played.registry.state()).assignments.tags)
        }
    }

    @Test(
        "a new place that fails, or whose tests fail, is given up, and clients notice nothing",
        arguments: RegistryStoreTests.Engine.allCases, [false, true])
    func givenUp(engine: RegistryStoreTests.Engine, areTests: Bool) async throws {
        try await withCloud(engine) { played in
            try await played.seed()
            let export = try await played.registry.state().exports.tags
            if areTests { played.outcomes["app3"] = .failed } else { played.states["app3"] = .failing }
            try await played.move(to: "app3")
            try await played.go(until: { !$0.isOpen }, restarting: true)
            let reason = areTests ? "alive: HTTP 500" : "it fails on app3: it exits with 1"
            #expect(try await played.move?.progress.end == .failed(reason))
            #expect(try await played.cloud.services["pgw.1"]?.server == "app1")
            #expect(try await played.desired(on: "app3") == .absent)
            #expect(try await played.desired(on: "app1") == .running)
            #expect(try await played.registry.state().exports.tags == export)
            #expect(played.faults.isEmpty, "\(played.faults)")
            // Another attempt finds what is left.
            (played.outcomes, played.states) = ([:], [:])
            try await played.move(to: "app3", drainTime: 0)
            #expect(try await played.cloud.remains.isEmpty)
            try await played.go(until: { !$0.isOpen })
            #expect(try await played.move?.progress.end == .moved)
        }
    }

    @Test("tests of which nobody knows how they ended are begun once more, and then given up", arguments: [1, 2])
    func unseenTests(count: Int) async throws {
        try await withCloud(.sqlite) { played in
            try await played.seed()
            played.unseenJobs = count
            try await played.move(to: "app3", drainTime: 0)
            try await played.go(until: { !$0.isOpen }, restarting: true)
            let end = ServiceMove.End.failed(
                "nobody knows how its tests on app3 ended: its server does not say why")
            #expect(try await played.move?.progress.end == (count == 1 ? .moved : end))
            #expect(try await played.cloud.jobs.count == 2)
            #expect(played.faults.isEmpty, "\(played.faults)")
        }
    }

    @Test("a new server that says nothing within the deadline is given up, whatever the wall clock does")
    func deadline() async throws {
        try await withCloud(.memory) { played in
            try await played.seed()
            played.silent = ["app3"]
            try await played.move(to: "app3")
            await played.driver.look()
            played.clock.set(by: 1_000_000)
            try await played.play()
            await played.driver.look()
            #expect(try await played.move?.isOpen == true)
            played.clock.set(by: -2_000_000)
            played.clock.advance(by: 599)
            try await played.play()
            await played.driver.look()
            #expect(try await played.move?.isOpen == true)
            played.clock.advance(by: 1)
            try await played.play()
            await played.driver.look()
            #expect(try await played.move?.description.contains("but it is silent") == true)
            #expect(try await played.desired(on: "app3") == .absent)
        }
    }

    @Test(
        "a service of a unique type never runs twice", arguments: RegistryStoreTests.Engine.allCases, [false, true])
    func exclusive(engine: RegistryStoreTests.Engine, isFailing: Bool) async throws {
        try await withCloud(engine) { played in
            try await played.seed("type: pgw\nunique: true\n")
            if isFailing { played.states["app3"] = .failing }
            try await played.move(to: "app3")
            #expect(try await played.desired(on: "app3") == .stopped)
            var stages: [ServiceMove.Stage] = []
            var most = 0
            for _ in 0..<40 where try await played.move?.isOpen == true {
                await played.restart()
                try await played.play()
                most = max(most, played.running.count)
                await played.driver.look()
                let both = (try await played.desired(on: "app1"), try await played.desired(on: "app3"))
                #expect(both.0 != .running || both.1 != .running)
                if let stage = try await played.move?.progress.stage, stages.last != stage { stages.append(stage) }
                played.clock.advance(by: 1)
            }
            try await played.play()
            most = max(most, played.running.count)
            #expect(most == 1)
            #expect(played.running == [isFailing ? "app1" : "app3"])
            #expect(
                stages
                    == (isFailing ? [.stopping, .starting, .returning] : [.stopping, .starting, .testing, .switching]))
        }
    }

    @Test("an operator ends a move until the gateways are told, and nobody changes what moves")
    func orders() async throws {
        try await withCloud(.memory) { played in
            try await played.seed()
            try await played.move(to: "app3")
            for change: @Sendable (inout Cloud) throws -> Void in [
                { $0.services["pgw.1"] = nil }, { $0.services["pgw.1"]?.installation?.desired = .stopped },
                { $0.services["pgw.1"]?.installation?.digest = String(repeating: "1", count: 64) },
                { $0.services["pgw.1"]?.installation = nil }, { try $0.deleteServer("app3") },
                { $0.services["pgw.1"]?.server = "app2" }, { $0.moves = [:] },
            ] {
                await #expect(throws: ChangeError.self) { try await played.change(change) }
            }
            await #expect(throws: ChangeError.self) { try await played.move(to: "app2") }
            // What would be in the way at the new place is refused, too.
            let error = await #expect(throws: ChangeError.self) {
                try await played.change { cloud in
                    cloud.services["pgw.2"] = ServiceInstance(type: "pgw", index: 2, server: "app3")
                }
            }
            #expect("\(error as Any)".contains("app3"))
            #expect(try await played.cloud.serverForAnother("pgw", at: nil) == "app2")
            try await played.change { $0.services["pgw.1"]?.weight = 7 }
            try await played.change { $0.services["pgw.1"]?.state = .drain }
            try await played.move(to: "app3")
            try await played.change { try $0.abortMove(of: "pgw.1", at: "2026-01-01T00:00:00.000Z") }
            #expect(try await played.move?.progress.end == .aborted)
            #expect(try await played.desired(on: "app3") == .absent)
            try await played.move(to: "app3")
            try await played.go(until: { $0.progress.stage == .switching || $0.progress.stage == .leaving })
            await #expect(throws: ChangeError.self) {
                try await played.change { try $0.abortMove(of: "pgw.1", at: "2026-01-01T00:00:00.000Z") }
            }
            // Somebody who cannot wait moves it at once.
            try await played.move(to: "app2", atOnce: true)
            #expect(try await played.move?.progress.end == .overtaken)
            #expect(try await played.desired(on: "app1") == .absent)
            #expect(try await played.desired(on: "app3") == .absent)
            #expect(try await played.desired(on: "app2") == .running)
        }
    }

    @Test("what is not installed, not exported or stopped is moved at once")
    func atOnce() async throws {
        try await withCloud(.memory) { played in
            try await played.seed()
            try await played.change { $0.services["pgw.1"]?.installation?.desired = .stopped }
            try await played.move(to: "app3")
            #expect(try await played.cloud.services["pgw.1"]?.server == "app3")
            #expect(try await played.move == nil)
            try await played.change { $0.services["pgw.1"]?.installation?.desired = .running }
            try await played.change { $0.services["pgw.1"]?.state = .maint }
            try await played.move(to: "app2")
            #expect(try await played.cloud.services["pgw.1"]?.server == "app2")
            try await played.change { $0.services["pgw.1"]?.state = .ready }
            try await played.move(to: "app1", atOnce: true)
            #expect(try await played.cloud.services["pgw.1"]?.server == "app1")
            #expect(try await played.move == nil)
        }
    }

    @Test("a report from before the order to stop is not believed")
    func staleReport() {
        let digest = PlayedCloud.digest
        let stopped = ServerService(state: .stopped, since: "", version: digest, wanted: digest)
        let place = { (applied: String?, seconds: Int, age: Int) in
            MoveObserver.place(
                NodeRoster.Sighting(service: stopped, applied: applied, heard: .seconds(100), isSilent: false),
                at: .seconds(100 + age), digest: digest, current: "\"2\"", secondsOfStage: seconds)
        }
        #expect(place("\"1\"", 5, 0) == .changing(nil))
        #expect(place("\"1\"", 100, 95) == .changing(nil))
        #expect(place("\"2\"", 0, 0) == .stopped)
        // Another service on the server fails, so that nothing is carried out as a whole.
        #expect(place(nil, 100, 50) == .stopped)
    }
}
