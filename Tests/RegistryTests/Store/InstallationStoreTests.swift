import AdminAPI
import Cloud
import Foundation
import Logging
import Names
import NetworkTypes
import RegistryTestSupport
import TestSupport
import Testing
import Text

@testable import Registry

/// What each engine keeps of servers that run services, and what follows from it.
@Suite("Servers that run services, in the registry") struct InstallationStoreTests {
    private static let digest = String(repeating: "0a", count: 32)

    private func withStores(
        _ engine: RegistryStoreTests.Engine, _ body: (any RegistryStore, any RegistryStore) async throws -> Void
    ) async throws {
        switch engine {
        case .memory:
            let store = InMemoryStore()
            try await body(store, store)
        case .sqlite:
            try await withTemporaryFolder { folder in
                let path = folder.appending(path: "registry.sqlite").path
                try await body(try SQLiteStore(path: path), try SQLiteStore(path: path))
            }
        }
    }

    /// Servers app1 and app2, of which the first has two drives, and pgw.1 with a version on it.
    private static func seed(_ registry: Registry) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations["tcn"] = Location(name: "tcn")
            for number in 1...2 {
                let server = Server(
                    name: "app\(number)", location: "tcn", kind: .app,
                    addresses: [try #require(IPAddress("10.1.0.\(number)"))],
                    drives: number == 1 ? ["d1": "/mnt/d1", "d2": "/mnt/d2"] : [:])
                cloud.servers[server.name] = server
            }
            cloud.types["pgw"] = try ServiceType.read(source: "type: pgw\n", name: "pgw")
            cloud.services["pgw.1"] = ServiceInstance(
                type: "pgw", index: 1, server: "app1",
                installation: Installation(
                    version: .named("1.5.0", variant: "debug"), digest: digest, desired: .stopped))
        }
    }

    private static func job(_ service: String = "pgw.1") -> JobRequest {
        JobRequest(
            service: service, kind: .restart, createdBy: "ops", createdAt: "2026-01-01T00:00:00.000Z",
            deadline: "2026-01-01T01:00:00.000Z")
    }

    @Test(
        "a job that builds a version is kept, and given to a server with the label alone",
        arguments: RegistryStoreTests.Engine.allCases)
    func builds(engine: RegistryStoreTests.Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            try await Self.seed(registry)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.servers["app1"]?.labels = ["builder"]
                try cloud.add(
                    BuildRequest(
                        work: .init(type: "pgw", version: "1.5.0", variant: "debug"), server: "app1", createdBy: "ops",
                        createdAt: "2026-01-01T00:00:00.000Z", deadline: "2026-01-01T01:00:00.000Z"), nonce: 7)
                try cloud.add(Self.job(), nonce: 8)
            }
            let state = try await registry.state()
            #expect(try await other.load().cloud.jobs == state.cloud.jobs && state.cloud.jobs.count == 2)
            let builds = state.assignments.byServer["app1"]?.document.builds
            #expect(
                builds == [
                    "1-00000007": AssignedBuild(
                        type: "pgw", version: "1.5.0", variant: "debug", deadline: "2026-01-01T01:00:00.000Z")
                ])
            #expect(state.assignments.byServer["app2"]?.document.builds.isEmpty == true)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.servers["app1"]?.labels = [] }
            #expect(try await registry.state().assignments.byServer["app1"]?.document.builds.isEmpty == true)
        }
    }

    @Test("versions, drives, remains and jobs are kept", arguments: RegistryStoreTests.Engine.allCases)
    func kept(engine: RegistryStoreTests.Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            try await Self.seed(registry)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try cloud.add(Self.job(), nonce: 7) }
            var cloud = try await other.load().cloud
            let installation = try #require(cloud.services["pgw.1"]?.installation)
            #expect(installation.version == .named("1.5.0", variant: "debug") && installation.desired == .stopped)
            #expect(installation.digest == Self.digest && installation.drive == nil)
            #expect(cloud.servers["app1"]?.drives == ["d1": "/mnt/d1", "d2": "/mnt/d2"])
            let id = "1-00000007"
            #expect(cloud.jobs[id] == (try await registry.state()).cloud.jobs[id])
            #expect(cloud.jobs[id]?.serviceWork?.arguments == [])
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.services["pgw.1"]?.server = "app2"
                cloud.endJob(
                    id,
                    Job.End(outcome: .failed, endedAt: "2026-01-01T00:10:00.000Z", problem: "exit 3", output: "a\nb"))
            }
            cloud = try await other.load().cloud
            #expect(cloud.remains == [.init(server: "app1", service: "pgw.1"): Remains()])
            #expect(cloud.jobs[id]?.end?.output == "a\nb" && cloud.jobs[id]?.end?.problem == "exit 3")
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try cloud.purge("pgw.1", on: "app1") }
            #expect(try await other.load().cloud.remains.values.map(\.isPurged) == [true])
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.remains = [:] }
            #expect(try await other.load().cloud.remains.isEmpty)
            let events = try await other.events(EventFilter(kind: .job), after: 0, before: nil, limit: 10).map(\.entry)
            #expect(events.map(\.after) == ["restart of pgw.1 on app1", "failed: exit 3"])
        }
    }

    @Test(
        "a join token is exchanged once, and replaces what the server had",
        arguments: RegistryStoreTests.Engine.allCases)
    func joining(engine: RegistryStoreTests.Engine) async throws {
        try await withStores(engine) { store, _ in
            let clock = TestClock()
            let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
            let tokens = registry.tokens
            let hour = clock.now().addingTimeInterval(3_600)
            let first = try await tokens.makeJoinToken(for: "app1", expires: hour, by: "ops", dryRun: false)
            let second = try await tokens.makeJoinToken(for: "app1", expires: hour, by: "ops", dryRun: false)
            await #expect(throws: JoinError.unknown) { try await tokens.join("app1", with: first.secret) }
            await #expect(throws: JoinError.unknown) { try await tokens.join("app2", with: second.secret) }
            let server = try await tokens.join("app1", with: second.secret)
            await #expect(throws: JoinError.used("join.app1")) { try await tokens.join("app1", with: second.secret) }
            let record = try #require(try await tokens.look(for: Data(BearerToken(server).hash)).record)
            #expect(record.role == .server && record.server == "app1" && record.name == "node.app1")
            let service = try await tokens.makeServiceToken(
                for: "pgw.1", on: "app1", by: "node.app1", dryRun: false
            ) { _ in true }
            #expect(service.record.server == "app1" && service.record.service == "pgw.1")
            let again = try await tokens.makeJoinToken(for: "app1", expires: hour, by: "ops", dryRun: false)
            _ = try await tokens.join("app1", with: again.secret)
            #expect(try await tokens.look(for: Data(BearerToken(server).hash)).record == nil)
            #expect(try await tokens.list().map(\.name) == ["join.app1", "node.app1"])
            let late = try await tokens.makeJoinToken(for: "app1", expires: hour, by: "ops", dryRun: false)
            clock.advance(by: 3_601)
            await #expect(throws: JoinError.self) { try await tokens.join("app1", with: late.secret) }
            #expect(
                try await tokens.removeTokens(of: "app1", by: "ops", dryRun: false) == ["join.app1", "node.app1"])
            #expect(try await tokens.isEmpty())
            let used = try await store.events(EventFilter(name: "join.app1"), after: 0, before: nil, limit: 50)
            #expect(used.contains { $0.entry.after == "used again, and refused" })
        }
    }

    @Test("only the assignments change of servers that a change concerns")
    func assignments() async throws {
        let registry = Registry(store: InMemoryStore())
        try await Self.seed(registry)
        let first = try await registry.state().assignments
        #expect(
            first.byServer["app1"]?.document.services == [
                ExactText("pgw.1"): Assignment(desired: .stopped, version: Self.digest)
            ])
        #expect(first.byServer["app2"]?.document == Assignments(server: "app2", location: "tcn"))
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try cloud.add(Self.job(), nonce: 7) }
        let second = try await registry.state().assignments
        #expect(second.byServer["app1"]?.document.jobs.keys.map(\.wrappedValue) == ["1-00000007"])
        #expect(second.tags["app1"] != first.tags["app1"] && second.tags["app2"] == first.tags["app2"])
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.services["pgw.1"]?.server = "app2" }
        let third = try await registry.state().assignments
        #expect(third.byServer["app1"]?.document.services.values.map(\.desired) == [.absent])
        #expect(third.byServer["app2"]?.document.services.values.map(\.desired) == [.stopped])
        let built = AssignmentSet(of: try await registry.state().cloud)
        #expect(built.tags == third.tags)
    }

    @Test("a job of which nothing is heard ends a minute after its deadline")
    func deadline() async throws {
        let clock = TestClock()
        let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        try await Self.seed(registry)
        let deadline = Timestamp.text(clock.now().addingTimeInterval(60))
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            var job = Self.job()
            job.deadline = deadline
            try cloud.add(job, nonce: 7)
        }
        let states = StateClock(registry: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await states.look()
        clock.advance(by: 119)
        await states.look()
        #expect(try await registry.state().cloud.openJobs.count == 1)
        clock.advance(by: 2)
        await states.look()
        #expect(try await registry.state().cloud.jobs["1-00000007"]?.end?.outcome == .unknown)
        #expect(try await registry.state().assignments.byServer["app1"]?.document.jobs.isEmpty == true)
    }
}
