import AdminAPI
import Cloud
import Names
import RegistryTestSupport
import Rollouts
import ServicesExport
import TestSupport
import Testing

@testable import Registry

@Suite("Services that start") struct StartWatchTests {
    /// ADMIN with pgw.1, which runs on app1 and is exported.
    private func played() async throws -> PlayedCloud {
        let played = PlayedCloud(InMemoryStore())
        try await played.seed()
        #expect(played.forwarded == ["gw1": "app1", "gw2": "app1"])
        return played
    }

    private func state(_ played: PlayedCloud, _ name: String = "pgw.1") async throws -> String {
        let cloud = try await played.cloud
        return try cloud.effectiveState(of: cloud.service(name)).description
    }

    private func exported(_ played: PlayedCloud) async throws -> [String] {
        try await played.registry.state().exports.byLocation["tcn"]?.rows.map(\.service).sorted() ?? []
    }

    private func add(_ played: PlayedCloud, _ index: Int, on server: String) async throws {
        try await played.change { cloud in
            cloud.services["pgw.\(index)"] = ServiceInstance(
                type: "pgw", index: index, server: server,
                installation: Installation(version: .named("1.5.0", variant: nil), digest: PlayedCloud.digest))
        }
    }

    @Test("a new instance is in the export as soon as its server says that it runs, and no sooner")
    func added() async throws {
        let played = try await played()
        played.states["app2"] = .installing
        try await add(played, 2, on: "app2")
        for state in [ServerService.State.installing, .starting, .failing] {
            played.states["app2"] = state
            try await played.play()
            #expect(try await exported(played) == ["pgw.1"])
            #expect(try await self.state(played, "pgw.2") == "maint (starting)")
        }
        played.states["app2"] = .running
        try await played.play()
        #expect(try await exported(played) == ["pgw.1", "pgw.2"])
        #expect(try await state(played, "pgw.2") == "ready")
        let last = try await played.registry.events(after: 0, limit: 100).page.events.last
        #expect(last?.actor == "start-watch" && last?.name == "pgw.2")
        // A crash is the health checks' business.
        played.states["app2"] = .failing
        try await played.play()
        #expect(try await exported(played) == ["pgw.1", "pgw.2"])
        #expect(played.faults == [])
    }

    @Test("whoever runs already is seen by the next look: ADMIN need not be told again")
    func level() async throws {
        let played = try await played()
        try await played.change { $0.services["pgw.1"]?.installation?.desired = .stopped }
        #expect(try await state(played) == "maint (stopped)")
        #expect(try await exported(played) == [])
        // Its server has not heard of it.
        try await played.change { $0.services["pgw.1"]?.installation?.desired = .running }
        #expect(try await state(played) == "maint (starting)")
        #expect(await played.starts.look() == false)
        #expect(try await state(played) == "ready")
    }

    @Test("the word of a node that has not heard of the change is not taken")
    func late() async throws {
        let played = try await played()
        try await played.change { cloud in
            cloud.services["pgw.1"]?.installation?.desired = .running
            cloud.services["pgw.1"]?.installation?.isStarting = true
            cloud.services["pgw.2"] = ServiceInstance(
                type: "pgw", index: 2, server: "app2",
                installation: Installation(version: .named("1.5.0", variant: nil), digest: PlayedCloud.digest))
        }
        try await played.change { cloud in
            cloud.services["pgw.3"] = ServiceInstance(
                type: "pgw", index: 3, server: "app1", state: .maint,
                installation: Installation(version: .named("1.5.0", variant: nil), digest: PlayedCloud.digest))
        }
        #expect(await played.starts.look())
        #expect(try await state(played) == "maint (starting)")
        try await played.play()
        #expect(try await state(played) == "ready")
    }

    @Test(
        "a stopped service is in no export, and stays away after its start until it runs; ADMIN's restart changes nothing"
    )
    func stopped() async throws {
        let played = try await played()
        try await played.change { $0.services["pgw.1"]?.installation?.desired = .stopped }
        #expect(try await state(played) == "maint (stopped)")
        try await played.play()
        #expect(played.forwarded == [:])
        played.states["app1"] = .starting
        try await played.change { $0.services["pgw.1"]?.installation?.desired = .running }
        try await played.play()
        await played.restart()
        try await played.play()
        #expect(try await state(played) == "maint (starting)")
        #expect(try await exported(played) == [])
        played.states["app1"] = .running
        try await played.play()
        #expect(try await state(played) == "ready")
        #expect(try await exported(played) == ["pgw.1"])
    }

    @Test("one that moves at once is away until it runs at its new server; a move that starts it there first never is")
    func moved() async throws {
        let played = try await played()
        played.states["app2"] = .starting
        try await played.move(to: "app2", atOnce: true)
        try await played.play()
        #expect(try await state(played) == "maint (starting)")
        #expect(played.forwarded == [:])
        played.states["app2"] = .running
        try await played.play()
        #expect(played.forwarded == ["gw1": "app2", "gw2": "app2"])
        try await played.move(to: "app3", drainTime: 5)
        try await played.go { move in
            move.progress.end != nil
        }
        #expect(try await played.move?.progress.end == .moved)
        let events = try await played.registry.events(after: 0, limit: 100).page.events
        #expect(events.filter { $0.actor == "start-watch" }.count == 2)
        #expect(played.faults == [])
    }

    @Test(
        "who ran without ADMIN stays in the export when ADMIN takes it over; no export waits for what has no sections")
    func adopted() async throws {
        let played = try await played()
        try await played.change { cloud in
            cloud.services["pgw.2"] = ServiceInstance(type: "pgw", index: 2, server: "app2")
            cloud.types["job"] = try ServiceType.read(source: "type: job\n", name: "job")
            cloud.services["job.1"] = ServiceInstance(
                type: "job", index: 1, server: "app3",
                installation: Installation(version: .named("1.0.0", variant: nil), digest: PlayedCloud.digest))
        }
        #expect(try await exported(played) == ["pgw.1", "pgw.2"])
        try await played.change { cloud in
            cloud.services["pgw.2"]?.installation = Installation(
                version: .named("1.5.0", variant: nil), digest: PlayedCloud.digest)
            cloud.services["job.1"]?.installation?.desired = .stopped
        }
        #expect(try await exported(played) == ["pgw.1", "pgw.2"])
        #expect(try await state(played, "job.1") == "ready")
        #expect(await played.starts.look() == false)
    }
}
