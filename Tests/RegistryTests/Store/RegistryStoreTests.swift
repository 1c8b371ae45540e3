import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import ServicesExport
import TestSupport
import Testing

@testable import Registry

/// The contract of `RegistryStore`, on each of its engines.
@Suite("Registry store") struct RegistryStoreTests {
    enum Engine: CaseIterable { case sqlite, memory }

    /// A store, and another view of the same one, as a second ADMIN has it.
    private func withStores(
        _ engine: Engine, _ body: (any RegistryStore, any RegistryStore) async throws -> Void
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

    private static func add(_ name: String, to registry: Registry) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations[name] = Location(name: name)
        }
    }

    private static func commit(_ name: String, on stored: StoredCloud) -> CloudCommit {
        var after = stored.cloud
        after.locations[name] = Location(name: name)
        return CloudCommit(
            id: stored.commit.next(), parent: stored.commit,
            difference: CloudDifference(from: stored.cloud, to: after), before: stored.cloud, after: after,
            revisions: [:], actor: "ops", time: "2026-01-01T00:00:00.000Z")
    }

    @Test("a commit is made on the newest one, or not at all", arguments: Engine.allCases)
    func compareAndSwap(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let before = try await store.load()
            let (first, late) = (Self.commit("a", on: before), Self.commit("b", on: before))
            #expect(try await store.commit(first) == .committed)
            #expect(try await other.commit(late) == .superseded)
            let after = try await other.load()
            #expect(after.cloud.locations.keys.sorted() == ["a"] && after.commit == first.id)
            #expect(try await other.position().commit == first.id)
            #expect(try await store.events(after: 0, before: nil, limit: 10).map(\.entry.name) == ["a"])
            #expect(try await other.holds(first.id))
            #expect(try await !other.holds(late.id))
            #expect(try await !store.holds(CommitID(generation: first.id.generation, nonce: first.id.nonce &+ 1)))
        }
    }

    @Test("observed events join the history, in their order", arguments: Engine.allCases)
    func observedEvents(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let events = ["pgw.1", "tcn/gw1"].map {
                EventEntry(.update, .health, $0, after: "\($0) is down", by: "gw", at: "2026-01-01T00:00:00.000Z")
            }
            try await store.record(Observations(events: events))
            #expect(try await other.events(after: 0, before: nil, limit: 10).map(\.entry) == events)
            let found = try await other.events(
                EventFilter(kind: .health, name: "pgw.1"), after: 0, before: nil, limit: 10)
            #expect(found.map(\.id) == [1])
        }
    }

    @Test(
        "egress rules are kept with their networks, changed and deleted, and are in the export",
        arguments: Engine.allCases)
    func egress(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            func rule(_ from: [String], except: [String] = []) -> Egress {
                Egress(
                    location: "tcn", name: "out", pool: "out-ip", sources: from.compactMap { AddressPrefix($0) },
                    exceptions: except.compactMap { AddressPrefix($0) })
            }
            let rules = [
                rule(["fd00:1::/64", "10.1.0.0/16"], except: ["10.0.0.0/8", "10.1.0.0/16"]), rule(["10.2.0.0/16"]),
            ]
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.locations["tcn"] = Location(name: "tcn")
                for (name, address) in [("out-ip", "198.51.100.40"), ("more-ip", "198.51.100.41")] {
                    let pool = AddressPool(
                        location: "tcn", name: name, addresses: [address, "2001:db8::40"].compactMap { IPAddress($0) })
                    cloud.pools[pool.id] = pool
                }
            }
            for wanted in rules {
                let outcome = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                    cloud.egress[wanted.id] = wanted
                }
                #expect(try await other.load().cloud.egress == [wanted.id: wanted])
                let export = try #require(outcome.state.exports.byLocation["tcn"])
                #expect(export.egress == outcome.state.cloud.egressRows(location: "tcn") && !export.egress.isEmpty)
                #expect(export.minimumVersion == .two)
                #expect(try await export.file(.one) == nil)
                #expect(outcome.summary.exports.map(\.location) == ["tcn"])
            }
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.egress[rules[0].id]?.pool = "more-ip"
            }
            #expect(try await other.load().cloud.egress[rules[0].id]?.pool == "more-ip")
            // The pool that is left, with the rule's old name free for another.
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.pools[AddressPool.ID(location: "tcn", name: "out-ip")] = nil
            }
            let gone = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.egress[rules[0].id] = nil
            }
            #expect(try await other.load().cloud.egress.isEmpty)
            #expect(gone.state.exports.byLocation["tcn"]?.minimumVersion == .one)
            let events = try await store.events(EventFilter(kind: .egress), after: 0, before: nil, limit: 10)
            #expect(events.map(\.entry.action) == [.create, .update, .update, .delete])
            #expect(events.first?.entry.name == "tcn/out")
            // All at once, as a prune does it.
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.egress[rules[0].id] = rules[0]
                cloud.egress[rules[0].id]?.pool = "more-ip"
            }
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud = Cloud() }
            let empty = try await other.load().cloud
            #expect(empty.egress.isEmpty && empty.pools.isEmpty && empty.locations.isEmpty)
        }
    }

    @Test("states of servers and services are kept with their ends", arguments: Engine.allCases)
    func states(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            let until = "2027-01-31T00:00:00.000Z"
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.locations["tcn"] = Location(name: "tcn")
                cloud.types["job"] = try ServiceType.read(source: "type: job\n", name: "job")
                for name in ["app1", "app2"] {
                    let number = name.utf8.count + cloud.servers.count
                    cloud.servers[name] = Server(
                        name: name, location: "tcn", kind: .app,
                        addresses: ["10.1.0.\(number)"].compactMap { IPAddress($0) })
                }
                cloud.services["job.1"] = ServiceInstance(type: "job", index: 1, server: "app1")
            }
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                try cloud.set(
                    StateSetting(
                        state: .drain, until: until, servers: ["app1"], services: ["job.1"], select: nil))
            }
            var cloud = try await other.load().cloud
            #expect(cloud.servers["app1"]?.state == .drain && cloud.servers["app1"]?.until == until)
            #expect(cloud.services["job.1"]?.state == .drain && cloud.services["job.1"]?.until == until)
            #expect(cloud.servers["app2"]?.state == .ready && cloud.servers["app2"]?.until == nil)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                try cloud.set(
                    StateSetting(state: .maint, until: nil, servers: ["app1"], services: [], select: nil))
            }
            cloud = try await other.load().cloud
            #expect(cloud.servers["app1"]?.state == .maint && cloud.servers["app1"]?.until == nil)
            let events = try await store.events(after: 0, before: .max, limit: 1)
            #expect(events.first?.entry.before == "drain until \(until): app server at tcn, 10.1.0.4")
        }
    }

    @Test("two ADMINs that write at the same time lose nothing of each other", arguments: Engine.allCases)
    func twoWriters(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let registries = [Registry(store: store), Registry(store: other)]
            let count = 15
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, registry) in registries.enumerated() {
                    for number in 0..<count {
                        group.addTask { try await Self.add("l\(index)-\(number)", to: registry) }
                    }
                }
                try await group.waitForAll()
            }
            for registry in registries {
                let state = try await registry.state()
                #expect(state.cloud.locations.count == 2 * count)
                #expect(state.exports.tags.count == 2 * count)
                #expect(state.generation == 1 + 2 * count)
            }
            #expect(try await store.events(after: 0, before: nil, limit: 100).count == 2 * count)
        }
    }

    @Test("a commit whose answer was lost is looked for before it is tried again")
    func lostAnswer() async throws {
        for trouble in [InMemoryStore.Trouble.answerLost, .requestLost] {
            let store = InMemoryStore()
            let registry = Registry(store: store)
            try await Self.add("a", to: registry)
            store.trouble(trouble, trouble)
            try await Self.add("b", to: registry)
            try await Self.add("c", to: registry)
            let events = try await store.events(after: 0, before: nil, limit: 10)
            #expect(events.map(\.entry.name) == ["a", "b", "c"])
            #expect(try await registry.state().cloud.locations.keys.sorted() == ["a", "b", "c"])
        }
    }

    @Test("a commit that fails leaves the state, and the next one is made")
    func failedCommit() async throws {
        let store = InMemoryStore()
        let registry = Registry(store: store)
        store.trouble(.unavailable)
        await #expect(throws: RegistryError.unavailable("told to fail")) { try await Self.add("a", to: registry) }
        #expect(try await registry.state().cloud.locations.isEmpty)
        try await Self.add("b", to: registry)
        #expect(try await registry.state().cloud.locations.keys.sorted() == ["b"])
    }

    @Test("a change that another ADMIN has overtaken is planned anew, and refused where it no longer fits")
    func overtaken() async throws {
        let store = InMemoryStore()
        let (one, two) = (Registry(store: store), Registry(store: store))
        store.interrupt { try await Self.add("a", to: two) }
        await #expect(throws: ChangeError.exists("location a")) {
            try await one.write(by: "ops", dryRun: false) { cloud, _ in
                guard cloud.locations["a"] == nil else { throw ChangeError.exists("location a") }
                cloud.locations["a"] = Location(name: "a", description: "late")
            }
        }
        #expect(try await one.state().cloud.locations["a"]?.description == "")
        store.interrupt { try await Self.add("b", to: two) }
        try await Self.add("c", to: one)
        #expect(try await one.state().cloud.locations.keys.sorted() == ["a", "b", "c"])
    }

    @Test("a type that was deleted and comes back counts its revisions on", arguments: Engine.allCases)
    func formerRevisions(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            func write(_ source: String?) async throws {
                let type = try source.map { try ServiceType.read(source: $0, name: "t") }
                _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types["t"] = type }
            }
            try await write("type: t\n")
            try await write("type: t\n# 2\n")
            try await write(nil)
            #expect(try await other.load().formerRevisions == ["t": 2])
            try await write("type: t\n# 3\n")
            #expect(try await other.load().revisions["t"]?.number == 3)
            #expect(try await store.revisions(of: "t").map(\.number) == [3, 2, 1])
            #expect(try await other.revision(2, of: "t")?.source == "type: t\n# 2\n")
            #expect(try await other.revision(4, of: "t") == nil)
        }
    }

    @Test("background work ends when another ADMIN begins it", arguments: Engine.allCases)
    func epochs(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let registry = Registry(store: store)
            for name in ["a", "b", "c"] { try await Self.add(name, to: registry) }
            let first = try await store.beginEpoch()
            #expect(try await store.prune(Retention(events: 2), epoch: first) == Pruned(events: 1, revisions: 0))
            let second = try await other.beginEpoch()
            await #expect(throws: RegistryError.superseded) {
                try await store.prune(Retention(events: 1), epoch: first)
            }
            #expect(try await store.events(after: 0, before: nil, limit: 9).count == 2)
            #expect(try await other.prune(Retention(events: 1), epoch: second) == Pruned(events: 1, revisions: 0))
        }
    }

    @Test(
        "tokens: a name is taken once, what comes and goes is counted, a dry run does nothing",
        arguments: Engine.allCases)
    func tokens(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let tokens = Registry(store: store).tokens
            let before = try await other.position().tokenGeneration
            _ = try await tokens.add(TokenGrant(name: "ops", role: .admin), dryRun: true)
            #expect(try await tokens.isEmpty())
            let (record, secret) = try await tokens.add(TokenGrant(name: "ops", role: .admin))
            await #expect(throws: ChangeError.exists("token ops")) {
                try await tokens.add(TokenGrant(name: "ops", role: .read))
            }
            let hash = Data(BearerToken(secret).hash)
            #expect(try await other.look(for: hash).record == record)
            #expect(try await other.look(for: Data([1])).record == nil)
            #expect(try await !other.look(for: nil).isOpen)
            try await store.record(Observations(tokenUses: [hash: "2026-01-01T00:00:00.000Z"]))
            #expect(try await other.tokens().map(\.record.lastUsedAt) == ["2026-01-01T00:00:00.000Z"])
            try await tokens.remove(name: "ops")
            await #expect(throws: ChangeError.missing("token ops")) { try await tokens.remove(name: "ops") }
            #expect(try await other.look(for: nil).isOpen)
            #expect(try await other.position().tokenGeneration == before + 2)
            #expect(try await store.events(after: 0, before: nil, limit: 9).map(\.entry.action) == [.create, .delete])
        }
    }

    @Test("events come by the page, from either end", arguments: Engine.allCases)
    func events(engine: Engine) async throws {
        try await withStores(engine) { store, _ in
            let registry = Registry(store: store)
            for number in 1...7 { try await Self.add("l\(number)", to: registry) }
            func ids(_ after: Int, _ before: Int?, _ limit: Int) async throws -> [Int] {
                try await store.events(after: after, before: before, limit: limit).map(\.id)
            }
            #expect(try await ids(0, nil, 3) == [1, 2, 3])
            #expect(try await ids(6, nil, 3) == [7])
            #expect(try await ids(0, 6, 3) == [3, 4, 5])
            #expect(try await ids(4, 6, 3) == [5])
            #expect(try await ids(7, nil, 3) == [])
        }
    }

    @Test("events are found by kind, name, actor and time, together and from either end", arguments: Engine.allCases)
    func filteredEvents(engine: Engine) async throws {
        try await withStores(engine) { store, _ in
            let clock = TestClock()
            let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
            let start = Timestamp.text(clock.now())
            for number in 1...4 { try await Self.add("l\(number)", to: registry) }
            clock.advance(by: 3_600)
            let later = Timestamp.text(clock.now())
            _ = try await registry.tokens.add(name: "l1", role: .read)
            _ = try await registry.write(by: "ci", dryRun: false) { cloud, _ in cloud.locations["l1"] = nil }
            func ids(
                _ filter: EventFilter, after: Int = 0, before: Int? = nil, limit: Int = 9
            ) async throws -> [Int] {
                try await store.events(filter, after: after, before: before, limit: limit).map(\.id)
            }
            #expect(try await ids(EventFilter()) == Array(1...6))
            #expect(try await ids(EventFilter(name: "l1")) == [1, 5, 6])
            #expect(try await ids(EventFilter(kind: .location, name: "l1")) == [1, 6])
            #expect(try await ids(EventFilter(kind: .token)) == [5])
            #expect(try await ids(EventFilter(actor: "ops"), after: 1, limit: 2) == [2, 3])
            #expect(try await ids(EventFilter(actor: "ops"), before: 4, limit: 2) == [2, 3])
            #expect(try await ids(EventFilter(kind: .location, actor: "ci")) == [6])
            #expect(try await ids(EventFilter(since: later)) == [5, 6])
            #expect(try await ids(EventFilter(since: start, until: later), before: 100, limit: 2) == [3, 4])
            #expect(try await ids(EventFilter(name: "l1", since: later)) == [5, 6])
            #expect(try await ids(EventFilter(name: "L1")) == [])
            #expect(try await ids(EventFilter(until: start)) == [])
        }
    }

    @Test("gateways are recorded as they were observed, and deleted with an event", arguments: Engine.allCases)
    func gateways(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let time = Date(timeIntervalSince1970: 1_800_000_000)
            let gateway = StoredGateway(
                id: GatewayID(location: "l", name: "gw1"),
                heartbeat: GatewayHeartbeat(
                    role: .active, applied: "\"a\"",
                    held: .init(tag: "\"b\"", reason: "too much", decision: .rejected), failures: 2),
                since: time, heldSince: time + 1, lastPoll: time + 2)
            let gone = StoredGateway(
                id: GatewayID(location: "l", name: "gw2"), heartbeat: GatewayHeartbeat(), since: time, heldSince: nil,
                lastPoll: time)
            try await store.record(Observations(gateways: [gateway, gone]))
            #expect(Set(try await other.gateways()) == [gateway, gone])
            try await store.record(Observations(goneGateways: [gone.id]))
            #expect(try await other.gateways() == [gateway])
            try await store.deleteGateway(
                gateway.id, EventEntry(.delete, .gateway, gateway.id.description, by: "ops", at: ""))
            #expect(try await other.gateways().isEmpty)
            #expect(try await store.events(after: 0, before: nil, limit: 9).map(\.entry.name) == ["l/gw1"])
        }
    }

    @Test(
        "uses of configurations are recorded and forgotten; one that goes on keeps its beginning",
        arguments: Engine.allCases)
    func configurationUses(engine: Engine) async throws {
        try await withStores(engine) { store, other in
            let uses = Registry(store: store).configurationUses
            uses.note("a.1", has: "x", at: "1") { ["s": 3, "t": 1] }
            uses.note("a.1", has: "x", at: "2") { [:] }
            uses.note("b.1", has: "y", at: "2") { [:] }
            try await uses.flush(lastRequests: false) { _ in true }
            let stored = try await other.configurationUses().sorted { $0.service < $1.service }
            #expect(
                stored == [
                    ConfigurationUse(service: "a.1", digest: "x", secrets: ["s": 3, "t": 1], since: "1", last: "2"),
                    ConfigurationUse(service: "b.1", digest: "y", secrets: [:], since: "2", last: "2"),
                ])
            // Another process goes on where this one ended.
            let next = Registry(store: other).configurationUses
            next.note("a.1", has: "x", at: "3") { ["s": 3, "t": 1] }
            try await next.flush(lastRequests: true) { $0 != "b.1" }
            #expect(try await next.all().keys.sorted() == ["a.1"])
            next.note("a.1", has: "x", at: "4") { [:] }
            try await next.flush(lastRequests: false) { _ in true }
            let again = try await store.configurationUses()
            #expect(again.count == 1 && again[0].since == "1" && again[0].last == "3")
        }
    }

    @Test("both engines say the same after any history", arguments: 0..<8 as Range<UInt64>)
    func sameAfterAnyHistory(seed: UInt64) async throws {
        try await withTemporaryFolder { folder in
            let clock = TestClock()
            let path = folder.appending(path: "registry.sqlite").path
            let stores: [any RegistryStore] = [InMemoryStore(), try SQLiteStore(path: path)]
            let registries = stores.map { Registry(store: $0, now: clock.now, uptime: clock.uptime) }
            var random = SeededGenerator(seed: seed)
            for _ in 0..<60 {
                let (action, name) = (
                    Int.random(in: 0..<10, using: &random), "t\(Int.random(in: 0..<5, using: &random))"
                )
                let text = "type: \(name)\n# \(UInt16.random(in: 0...UInt16.max, using: &random))\n"
                clock.advance(by: 1)
                var outcomes: [String] = []
                for registry in registries {
                    outcomes.append(try await Self.act(action, name, text, on: registry))
                }
                #expect(outcomes[0] == outcomes[1])
            }
            var views: [String] = []
            for store in stores {
                let stored = try await store.load()
                var view = "\(stored.commit.generation) \(stored.revisions.sorted { $0.key < $1.key })"
                view += "\(stored.formerRevisions.sorted { $0.key < $1.key }) \(stored.cloud.locations.keys.sorted())"
                view += "\(try await store.tokens().map(\.record.name)) \(try await store.position().tokenGeneration)"
                view += "\(try await store.events(after: 0, before: nil, limit: 1_000).map { ($0.id, $0.entry) })"
                for type in 0..<5 { view += "\(try await store.revisions(of: "t\(type)"))" }
                views.append(view)
            }
            #expect(views[0] == views[1])
        }
    }

    /// One step of a history, as text.
    private static func act(
        _ action: Int, _ name: String, _ text: String, on registry: Registry
    ) async throws -> String {
        do {
            switch action {
            case 0...3:
                let type = try ServiceType.read(source: text, name: name)
                _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types[name] = type }
            case 4: _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try cloud.deleteType(name) }
            case 5: try await add(name, to: registry)
            case 6:
                _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try cloud.deleteLocation(name) }
            case 7: _ = try await registry.tokens.add(TokenGrant(name: name, role: .read))
            case 8: try await registry.tokens.remove(name: name)
            default:
                let gone = try await registry.prune(Retention(events: 20, revisions: 10))
                return "\(gone)"
            }
            return "done"
        } catch let error as ChangeError {
            return "\(error)"
        }
    }
}
