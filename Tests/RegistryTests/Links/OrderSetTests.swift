import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import TestSupport
import Testing
import Text

@testable import Registry

@Suite("Orders of services' masters") struct OrderSetTests {
    private static let digest = String(repeating: "0a", count: 32)
    private static let author = ChangeAuthor("ops")

    /// Servers app1 and app2, and services pgw.1 to pgw.3 with a configuration.
    private static func seed(_ registry: Registry) async throws {
        try await change(registry) { cloud in
            cloud.locations["tcn"] = Location(name: "tcn")
            for number in 1...2 {
                cloud.servers["app\(number)"] = Server(
                    name: "app\(number)", location: "tcn", kind: .app,
                    addresses: [try #require(IPAddress("10.1.0.\(number)"))])
            }
            cloud.types["pgw"] = try type(value: 1)
            for number in 1...3 {
                cloud.services["pgw.\(number)"] = ServiceInstance(
                    type: "pgw", index: number, server: "app1",
                    installation: Installation(version: .named("1.5.0", variant: nil), digest: digest))
            }
        }
    }

    private static func type(value: Int) throws -> ServiceType {
        let source = """
            type: pgw
            require-index: true
            config:
              - {sort-order: 1, values: {number: \(value), name: "${service.name}"}}

            """
        return try ServiceType.read(source: source, name: "pgw")
    }

    private static func change(_ registry: Registry, _ body: @escaping @Sendable (inout Cloud) throws -> Void)
        async throws
    {
        _ = try await registry.write(by: author, dryRun: false) { cloud, _ in try body(&cloud) }
    }

    private static func request(
        _ kind: MasterJobKind, _ service: String = "pgw.1", worker: Int? = nil, level: String? = nil,
        source: String? = nil, session: String? = nil, reason: String? = nil
    ) -> MasterJobRequest {
        MasterJobRequest(
            service: service, kind: kind, worker: worker, level: level, source: source, session: session,
            reason: reason, createdBy: "ops", createdAt: "2027-01-15T08:00:00.000Z",
            deadline: "2027-01-15T09:00:00.000Z")
    }

    /// The services whose stamps a change has changed.
    private func changed(
        _ registry: Registry, _ body: @escaping @Sendable (inout Cloud) throws -> Void
    ) async throws -> [String] {
        let before = try await registry.state().orders.stamps
        try await Self.change(registry, body)
        let after = try await registry.state().orders.stamps
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    @Test("a change is one of the orders that it concerns, and of no others")
    func stamps() async throws {
        let registry = Registry(store: InMemoryStore())
        try await Self.seed(registry)
        #expect(try await changed(registry) { $0.services["pgw.1"]?.state = .drain } == [])
        #expect(try await changed(registry) { $0.servers["app2"]?.labels = ["ssd"] } == [])
        #expect(try await changed(registry) { $0.services["pgw.2"]?.installation?.digest = "0b" } == ["pgw.2"])
        #expect(
            try await changed(registry) { $0.types["pgw"] = try Self.type(value: 2) } == ["pgw.1", "pgw.2", "pgw.3"])
        #expect(try await changed(registry) { try $0.add(Self.request(.reload), nonce: 7) } == ["pgw.1"])
        #expect(
            try await changed(registry) {
                $0.endJob("1-00000007", Job.End(outcome: .succeeded, endedAt: "2027-01-15T08:00:01.000Z"))
            } == ["pgw.1"])
        #expect(try await changed(registry) { $0.services["pgw.3"] = nil } == ["pgw.3"])
    }

    @Test("orders have version, configuration, level and open jobs of the master's own server")
    func orders() async throws {
        let registry = Registry(store: InMemoryStore())
        try await Self.seed(registry)
        try await Self.change(registry) { cloud in
            try cloud.add(Self.request(.logLevel, level: "debug"), nonce: 7)
            try cloud.add(
                Self.request(.lua, worker: 2, source: "return 1\n", session: "s1", reason: "why"), nonce: 8)
            try cloud.add(Self.request(.reload, "pgw.2"), nonce: 9)
        }
        let state = try await registry.state()
        let orders = try state.orders(of: "pgw.1", on: nil)
        #expect(orders.server == "app1" && orders.version == Self.digest && orders.logLevel == "debug")
        #expect(orders.configuration == state.configurations.digests["pgw.1"].map { "\"\($0)3\"" })
        #expect(
            orders.jobs == [
                "1-00000007": ServiceJob(kind: .logLevel, level: "debug", deadline: "2027-01-15T09:00:00.000Z"),
                "2-00000008": ServiceJob(
                    kind: .lua, worker: 2, source: "return 1\n", session: "s1", seconds: 5,
                    deadline: "2027-01-15T09:00:00.000Z"),
            ])
        // Whoever has the service beside it while it moves gets no job twice.
        #expect(try state.orders(of: "pgw.1", on: "app2").jobs.isEmpty)
        #expect(state.assignments.byServer["app1"]?.document.jobs.isEmpty == true)
        #expect(throws: ChangeError.self) { try state.orders(of: "pgw.9", on: nil) }
    }

    @Test(
        "jobs for masters and levels are kept, and go with their service", arguments: RegistryStoreTests.Engine.allCases
    )
    func kept(engine: RegistryStoreTests.Engine) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let store: any RegistryStore = engine == .memory ? InMemoryStore() : try SQLiteStore(path: path)
            let registry = Registry(store: store)
            try await Self.seed(registry)
            try await Self.change(registry) { cloud in
                try cloud.add(Self.request(.logLevel, level: "debug"), nonce: 7)
                try cloud.add(
                    Self.request(.lua, worker: 2, source: "x = 1\ny", session: "s1", reason: "why"), nonce: 8)
                try cloud.add(Self.request(.dump, "pgw.2"), nonce: 9)
            }
            let state = try await registry.state()
            let loaded = try await store.load().cloud
            #expect(loaded.jobs == state.cloud.jobs && loaded.jobs.count == 3 && loaded.logLevels == ["pgw.1": "debug"])
            let again = RegistryState(try await store.load())
            #expect(try again.orders(of: "pgw.1", on: nil) == state.orders(of: "pgw.1", on: nil))
            try await Self.change(registry) { try $0.add(Self.request(.logLevel), nonce: 10) }
            #expect(try await store.load().cloud.logLevels == [:])
            try await Self.change(registry) { try $0.add(Self.request(.logLevel, "pgw.3", level: "info"), nonce: 11) }
            try await Self.change(registry) { $0.services["pgw.3"] = nil }
            #expect(try await store.load().cloud.logLevels == [:])
        }
    }

    @Test("an event of Lua has the reason and the source on one line")
    func event() async throws {
        let registry = Registry(store: InMemoryStore())
        try await Self.seed(registry)
        try await Self.change(registry) { cloud in
            try cloud.add(Self.request(.lua, worker: 2, source: "a\n\"b\"", reason: "see why"), nonce: 8)
        }
        let event = try await registry.events(after: 0, limit: 100).page.events.last
        #expect(event?.kind == .job && event?.name == "1-00000008" && event?.actor == "ops")
        #expect(
            event?.after
                == #"lua in worker 2 of pgw.1 on app1, reason "see why", source "a\n\"b\"""#)
    }

    @Test("what a kind needs, and what it does not take, is told with its place")
    func faults() async throws {
        let registry = Registry(store: InMemoryStore())
        try await Self.seed(registry)
        let wrong: [(MasterJobRequest, [String])] = [
            (Self.request(.restartWorker), ["#/worker"]), (Self.request(.reload, worker: 1), ["#/worker"]),
            (Self.request(.dump, level: "debug"), ["#/level"]),
            (Self.request(.lua), ["#/source", "#/reason"]), (Self.request(.lua, source: "x", reason: ""), ["#/reason"]),
            (Self.request(.reload, source: "x", session: "s", reason: "y"), ["#/source", "#/session", "#/reason"]),
        ]
        for (request, places) in wrong {
            await #expect {
                try await Self.change(registry) { try $0.add(request, nonce: 1) }
            } throws: { error in
                guard case ChangeError.invalid(let faults)? = error as? ChangeError else { return false }
                return faults.map(\.place) == places.map { .text($0) }
            }
        }
        try await Self.change(registry) { cloud in
            for nonce in 1...32 { try cloud.add(Self.request(.reload), nonce: UInt32(nonce)) }
        }
        await #expect(throws: ChangeError.self) {
            try await Self.change(registry) { try $0.add(Self.request(.reload), nonce: 33) }
        }
        try await Self.change(registry) { try $0.add(Self.request(.reload, "pgw.2"), nonce: 33) }
    }
}
