import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import TestSupport
import Testing

@testable import Registry

@Suite("States that end") struct StateClockTests {
    private let clock = TestClock()
    private let log = RecordedLog()

    private func withRegistry(_ body: (Registry, @escaping () throws -> Registry) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let open = {
                try Registry(
                    path: folder.appending(path: "registry.sqlite").path, now: self.clock.now,
                    uptime: self.clock.uptime)
            }
            try await body(try open(), open)
        }
    }

    private func end(in seconds: Double) -> String { Timestamp.text(clock.now().addingTimeInterval(seconds)) }

    /// One server in drain for two hours, with a service in maint for one.
    private func seed(_ registry: Registry) async throws {
        let (two, one) = (end(in: 7_200), end(in: 3_600))
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations["tcn"] = Location(name: "tcn")
            cloud.servers["app1"] = Server(
                name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"].compactMap { IPAddress($0) },
                state: .drain, until: two)
            cloud.types["job"] = try ServiceType.read(source: "type: job\n", name: "job")
            cloud.services["job.1"] = ServiceInstance(
                type: "job", index: 1, server: "app1", state: .maint, until: one)
        }
    }

    private func states(_ registry: Registry) async throws -> [ServiceState?] {
        let cloud = try await registry.state().cloud
        return [cloud.servers["app1"]?.state, cloud.services["job.1"]?.state]
    }

    @Test("each ends at its time, with an event, and the wall clock may jump meanwhile")
    func ends() async throws {
        try await withRegistry { registry, _ in
            try await seed(registry)
            let watch = StateClock(registry: registry, logger: log.logger)
            await watch.look()
            clock.set(by: 1e6)
            await watch.look()
            #expect(try await states(registry) == [.drain, .maint])
            clock.set(by: -2e6)
            clock.advance(by: 3_601)
            await watch.look()
            #expect(try await states(registry) == [.drain, .ready])
            clock.advance(by: 3_600)
            await watch.look()
            #expect(try await states(registry) == [.ready, .ready])
            let events = try await registry.events(after: 0, before: .max, limit: 2).page.events
            #expect(events.map(\.actor) == ["clock", "clock"] && events.map(\.name) == ["job.1", "app1"])
            #expect(events[1].before?.hasPrefix("drain until ") == true)
            #expect(try await registry.state().cloud.servers["app1"]?.until == nil)
        }
    }

    @Test("the end is kept over a restart, and one that was meanwhile comes at once")
    func restart() async throws {
        try await withRegistry { registry, open in
            try await seed(registry)
            try registry.close()
            clock.advance(by: 3_700)
            let next = try open()
            let watch = StateClock(registry: next, logger: log.logger)
            await watch.look()
            #expect(try await states(next) == [.drain, .ready])
            clock.advance(by: 3_400)
            await watch.look()
            #expect(try await states(next) == [.drain, .ready])
            clock.advance(by: 101)
            await watch.look()
            #expect(try await states(next) == [.ready, .ready])
        }
    }

    @Test("a later state cancels the end")
    func cancelled() async throws {
        try await withRegistry { registry, _ in
            try await seed(registry)
            let watch = StateClock(registry: registry, logger: log.logger)
            await watch.look()
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                try cloud.set(
                    StateSetting(state: .drain, until: nil, servers: ["app1"], services: [], select: nil))
            }
            clock.advance(by: 1e5)
            await watch.look()
            #expect(try await states(registry) == [.drain, .ready])
        }
    }

    @Test("an end that cannot be stored is not said to be refused, and a stop is no error")
    func unstored() async throws {
        let full = RegistryError.unavailable("the disk is full")
        let cases: [(any Error, [String])] = [
            (full, ["that cannot be stored", "the disk is full"]), (CancellationError(), []),
        ]
        for (trouble, expected) in cases {
            let (store, log) = (InMemoryStore(), RecordedLog())
            let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
            try await seed(registry)
            let watch = StateClock(registry: registry, logger: log.logger)
            await watch.look()
            // Both are over.
            clock.advance(by: 7_300)
            store.interrupt { throw trouble }
            await watch.look()
            #expect(try await states(registry) == [.drain, .maint])
            #expect(log.notable.count == (expected.isEmpty ? 0 : 1), "\(log.notable)")
            for text in expected { #expect(log.notable.first?.contains(text) == true, "\(log.notable)") }
            clock.advance(by: 61)
            await watch.look()
            #expect(try await states(registry) == [.ready, .ready])
        }
    }

    @Test("an end that contradicts the rest is logged and tried again, and keeps no other from ending")
    func refused() async throws {
        try await withRegistry { registry, _ in
            try await seed(registry)
            let one = end(in: 60)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                let pool = AddressPool(
                    location: "tcn", name: "ip", addresses: ["198.51.100.1"].compactMap { IPAddress($0) })
                cloud.pools[pool.id] = pool
                cloud.types["www"] = try ServiceType.read(
                    source: "type: www\ngateway:\n  - {name: http, address: ip, ports: {80: 80}}\n", name: "www")
                cloud.services["www.1"] = ServiceInstance(type: "www", index: 1, server: "app1")
                cloud.services["www.2"] = ServiceInstance(
                    type: "www", index: 2, server: "app1", state: .maint, until: one)
                cloud.services["job.1"]?.until = one
            }
            let watch = StateClock(registry: registry, logger: log.logger)
            await watch.look()
            clock.advance(by: 61)
            await watch.look()
            #expect(try await states(registry) == [.drain, .ready])
            #expect(try await registry.state().cloud.services["www.2"]?.state == .maint)
            #expect(log.notable.contains { $0.contains("ready is refused") }, "\(log.notable)")
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.services["www.1"] = nil }
            clock.advance(by: 61)
            await watch.look()
            #expect(try await registry.state().cloud.services["www.2"]?.state == .ready)
        }
    }
}
