import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import Rollouts
import ServicesExport
import TestSupport
import Testing

@testable import Registry

@Suite("Servers that are lost") struct ServerWatchTests {
    private static let digest = String(repeating: "0a", count: 32)

    /// ADMIN with servers app1 to app4 at tcn, each with a node that does what it is asked for.
    private final class Scene {
        let clock = TestClock()
        let log = RecordedLog()
        let registry: Registry
        let gateways: GatewayRoster
        var nodes: NodeRoster
        var watch: ServerWatch
        var moves: MoveDriver
        private var sequence = 0
        /// Servers where services fail.
        var failing: Set<String> = []

        init(_ store: any RegistryStore) {
            registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
            gateways = GatewayRoster(registry: registry, logger: log.logger)
            nodes = NodeRoster(registry: registry)
            watch = ServerWatch(registry: registry, nodes: nodes, logger: log.logger)
            moves = MoveDriver(registry: registry, gateways: gateways, nodes: nodes, logger: log.logger)
        }

        /// ADMIN starts again: what it has heard is gone.
        func restart() {
            nodes = NodeRoster(registry: registry)
            watch = ServerWatch(registry: registry, nodes: nodes, logger: log.logger)
            moves = MoveDriver(registry: registry, gateways: gateways, nodes: nodes, logger: log.logger)
        }

        func poll(_ servers: String...) async {
            for server in servers {
                let file = (try? await registry.state())?.assignments.byServer[server]
                await nodes.begin(server, confirming: file?.document)
                await nodes.end(server, answering: file?.document)
                if let file { await report(server, file) }
            }
        }

        private func report(_ server: String, _ file: AssignmentSet.File) async {
            sequence += 1
            let services = file.document.services.mapValues { assignment in
                let isFailing = assignment.desired == .running && failing.contains(server)
                return ServerService(
                    state: isFailing ? .failing : assignment.desired == .running ? .running : .absent,
                    since: "2027-01-15T08:00:00Z", version: ServerWatchTests.digest, wanted: assignment.version,
                    problem: isFailing ? "it exits with 1" : nil)
            }
            let jobs = file.document.jobs.mapValues { _ in
                JobReport(state: .succeeded, startedAt: "2027-01-15T08:00:00Z", endedAt: "2027-01-15T08:00:01Z")
            }
            let report = ServerReport(
                program: "1", applied: file.etag, bootedAt: "2027-01-15T08:00:00Z", services: services, jobs: jobs)
            _ = try? await nodes.take(
                ServerReportMessage(session: "s", sequence: sequence, report: report), from: server, by: "node")
        }

        /// Lets time pass, a second at a time; the servers poll in each.
        func pass(_ seconds: Int, polling servers: String...) async {
            for _ in 0..<seconds {
                clock.advance(by: 1)
                for server in servers { await poll(server) }
                await watch.look()
                await moves.look()
            }
        }

        var cloud: Cloud { get async throws { try await registry.state().cloud } }

        /// Where each service is, or is being moved to.
        func placed() async throws -> [String: String] {
            let cloud = try await cloud
            return cloud.services.mapValues { service in
                cloud.moves[service.name].flatMap { $0.isOpen ? $0.to : nil } ?? service.server
            }
        }

        /// The instances in the export, each with its server's address and its weight.
        func exported() async throws -> [String] {
            try await registry.state().exports.byLocation["tcn"]?.rows.map {
                "\($0.service) \($0.backendAddress) \($0.weight)"
            } ?? []
        }

        func titles() async throws -> [String] { try await registry.store.notices().map(\.notice.title) }
    }

    private func scene(_ policy: String, unique: Bool = false, more: String = "") async throws -> Scene {
        let scene = Scene(InMemoryStore())
        _ = try await scene.registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations["tcn"] = Location(name: "tcn")
            cloud.pools[.init(location: "tcn", name: "ip")] = AddressPool(
                location: "tcn", name: "ip", addresses: ["192.0.2.1"].compactMap { IPAddress($0) })
            for index in 1...4 {
                cloud.servers["app\(index)"] = Server(
                    name: "app\(index)", location: "tcn", kind: .app,
                    addresses: ["10.1.0.1\(index)"].compactMap { IPAddress($0) })
            }
            let source = """
                type: pgw
                \(unique ? "unique: true" : "fake: false")
                \(policy)
                gateway:
                  - {name: http, address: ip, ports: {80: 8080}}
                \(more)
                """
            cloud.types["pgw"] = try ServiceType.read(source: source + "\n", name: "pgw")
            cloud.services["pgw.1"] = ServiceInstance(
                type: "pgw", index: 1, server: "app1",
                installation: Installation(version: VersionReference("1.5.0")!, digest: Self.digest, desired: .running))
        }
        await scene.poll("app1", "app2", "app3", "app4")
        // It runs.
        _ = try await scene.registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.services["pgw.1"]?.installation?.isStarting = false
        }
        await scene.watch.look()
        return scene
    }

    @Test("its services move, one notice explains all, and what has moved stays when it comes back")
    func moves() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        await scene.pass(19, polling: "app2", "app3", "app4")
        #expect(try await scene.titles() == [])
        await scene.pass(1, polling: "app2", "app3", "app4")
        #expect(try await scene.placed() == ["pgw.1": "app2"])
        let notices = try await scene.registry.store.notices(after: 0, limit: 9)
        #expect(notices.map(\.notice.title) == ["server app1 is lost"])
        #expect(notices[0].notice.severity == .critical)
        #expect(
            notices[0].notice.text.hasSuffix(
                """
                Its services:
                pgw.1 moves to app2
                Look whether it is on and reaches ADMIN: portcullis nodes show app1
                If it is gone for good: portcullis nodes remove app1
                """))
        // Nobody is sent to the lost server, nor to where the service does not run yet.
        #expect(try await scene.exported() == ["pgw.1 10.1.0.11 0"])
        let state = try await scene.registry.state()
        #expect(await scene.nodes.resources(in: state).map(\.state) == [.lost, .present, .present, .present])
        #expect(state.assignments.byServer["app2"]?.document.services.values.map(\.desired) == [.running])
        let events = try await scene.registry.events(after: 0, limit: 100).page.events
        let last = events.suffix(2).map { "\($0.kind) \($0.name) by \($0.actor)" }
        #expect(last == ["server app1 by server-watch", "move pgw.1 by server-watch"])
        await scene.pass(5, polling: "app2", "app3", "app4")
        #expect(try await scene.cloud.services["pgw.1"]?.server == "app2")
        #expect(try await scene.exported() == ["pgw.1 10.1.0.12 100"])
        let assignments = try await scene.registry.state().assignments
        #expect(assignments.byServer["app1"]?.document.services.values.map(\.desired) == [.absent])
        #expect(assignments.byServer["app2"]?.document.services.values.map(\.desired) == [.running])
        await scene.pass(30, polling: "app2", "app3", "app4")
        #expect(try await scene.titles().count == 1)
        await scene.pass(2, polling: "app1", "app2", "app3", "app4")
        #expect(try await scene.titles().last == "server app1 is back")
        let back = try #require(try await scene.registry.store.notice(2)).notice
        #expect(back.isResolved && back.text.contains("pgw.1 on app2"))
        #expect(try await scene.placed() == ["pgw.1": "app2"])
        #expect(try await scene.cloud.lostServers.isEmpty)
    }

    @Test("a new server where it fails is given up, and another one is tried a minute later")
    func givenUp() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        scene.failing = ["app2"]
        await scene.pass(25, polling: "app2", "app3", "app4")
        #expect(try await scene.cloud.services["pgw.1"]?.server == "app1")
        #expect(try await scene.cloud.moves["pgw.1"]?.progress.end == .failed("it fails on app2: it exits with 1"))
        // It has no clients meanwhile.
        #expect(try await scene.exported() == ["pgw.1 10.1.0.11 0"])
        let notice = try #require(try await scene.registry.store.notice(2)).notice
        #expect(notice.title == "pgw.1 was not moved from app1 to app2")
        #expect(notice.text.contains("Its server is lost. It gets no requests, and its move is tried again."))
        await scene.pass(50, polling: "app2", "app3", "app4")
        #expect(try await scene.titles().count == 2)
        await scene.pass(30, polling: "app2", "app3", "app4")
        #expect(try await scene.titles() == ["server app1 is lost", "pgw.1 was not moved from app1 to app2"])
        #expect(try await scene.exported() == ["pgw.1 10.1.0.13 100"])
    }

    @Test("a server that comes back before the new one is ready has its requests until then")
    func backSoon() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        await scene.pass(20, polling: "app2", "app3", "app4")
        // The new server is silent for a moment.
        await scene.pass(3, polling: "app1", "app3", "app4")
        #expect(try await scene.exported() == ["pgw.1 10.1.0.11 100"])
        await scene.pass(4, polling: "app1", "app2", "app3", "app4")
        #expect(try await scene.exported() == ["pgw.1 10.1.0.12 100"])
        // Its connections there have their time, as in any other move.
        let desired = try await scene.registry.state().assignments.byServer["app1"]?.document.services.values.first?
            .desired
        #expect(desired == .running)
        #expect(try await scene.cloud.moves["pgw.1"]?.progress.stage == .leaving)
    }

    @Test("a type that says nothing, or may not move, stays; the notice says why")
    func stays() async throws {
        for (policy, unique, reason) in [
            ("on-server-lost: {after: 20s}", false, "pgw.1 stays: its type does not have it move (on-server-lost)"),
            ("on-server-lost: {after: 20s}", true, "pgw.1 stays: the type is unique"),
        ] {
            let scene = try await scene(policy, unique: unique)
            await scene.pass(25, polling: "app2", "app3", "app4")
            #expect(try await scene.placed() == ["pgw.1": "app1"])
            #expect(try await scene.registry.store.notice(1)?.notice.text.contains(reason) == true)
        }
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        // Nobody else is heard of: there is nowhere to go, until somebody is.
        scene.restart()
        await scene.pass(1, polling: "app1")
        await scene.pass(25)
        #expect(try await scene.placed() == ["pgw.1": "app1"])
        let text = try await scene.registry.store.notice(1)?.notice.text
        #expect(text?.contains("stays: no other server at tcn can take it now") == true)
        await scene.pass(11, polling: "app3")
        #expect(try await scene.placed() == ["pgw.1": "app3"])
        #expect(try await scene.titles().last == "pgw.1 moves from the lost server app1 to app3")
    }

    @Test("nothing moves when too many are silent at once, nor later")
    func crowd() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        await scene.pass(5, polling: "app1", "app3", "app4")
        await scene.pass(400, polling: "app3", "app4")
        #expect(try await scene.placed() == ["pgw.1": "app1"])
        #expect(
            try await scene.titles() == [
                "2 of 4 servers at tcn are silent at once: no service moves",
                "2 of 4 servers at tcn are silent at once: no service moves",
            ])
        #expect(try await scene.cloud.lostServers.mapValues(\.isHeld) == ["app1": true, "app2": true])
        await scene.pass(2, polling: "app1", "app2", "app3", "app4")
        #expect(try await scene.titles().suffix(2) == ["server app1 is back", "server app2 is back"])
        // One that was lost long ago is no crowd with another.
        await scene.pass(400, polling: "app1", "app2", "app3")
        await scene.pass(25, polling: "app2", "app3")
        #expect(try await scene.placed() == ["pgw.1": "app2"])
    }

    @Test("an exclusive service moves only when its server has surely stopped it")
    func lease() async throws {
        let policy = "on-server-lost: {after: 40s, move: true, exclusive: true}"
        let scene = try await scene(policy)
        let assigned = try await scene.registry.state().assignments.byServer["app1"]?.document.services.values.first
        #expect(assigned?.lease == 20)
        await scene.pass(39, polling: "app2", "app3", "app4")
        #expect(try await scene.placed() == ["pgw.1": "app1"])
        await scene.pass(1, polling: "app2", "app3", "app4")
        #expect(try await scene.placed() == ["pgw.1": "app2"])
        // A longer lease that its server has was shortened when it could not know any more.
        let other = try await self.scene("on-server-lost: {after: 200s, move: true, exclusive: true}")
        _ = try await other.registry.write(by: "ops", dryRun: false) { cloud, _ in
            let source = try #require(cloud.types["pgw"]?.source).replacing("200s", with: "20s")
            cloud.types["pgw"] = try ServiceType.read(source: source, name: "pgw")
        }
        await other.pass(100, polling: "app2", "app3", "app4")
        #expect(try await other.placed() == ["pgw.1": "app1"])
        await other.pass(20, polling: "app2", "app3", "app4")
        #expect(try await other.placed() == ["pgw.1": "app2"])
        // One that never confirmed its lease is not known to stop.
        let third = try await self.scene("on-server-lost: {after: 20s, move: true}")
        _ = try await third.registry.write(by: "ops", dryRun: false) { cloud, _ in
            let source = try #require(cloud.types["pgw"]?.source).replacing(
                "move: true", with: "move: true, exclusive: true")
            cloud.types["pgw"] = try ServiceType.read(source: source, name: "pgw")
        }
        #expect(
            try await third.registry.state().assignments.byServer["app1"]?.document.services.values.first?.lease == 10)
        await third.pass(60, polling: "app2", "app3", "app4")
        #expect(try await third.placed() == ["pgw.1": "app1"])
    }

    @Test("after ADMIN's start, nobody is lost who had no time to be heard, and what is lost stays so")
    func restart() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        for index in 1...4 {
            _ = try await scene.registry.tokens.add(name: "node\(index)", role: .server, server: "app\(index)")
        }
        // The token of app4 was never used: it has no node yet.
        let used = try await scene.registry.store.tokens().filter { $0.record.server != "app4" }.map(\.hash)
        let time = "2027-01-15T08:00:00.000Z"
        try await scene.registry.store.record(
            Observations(tokenUses: Dictionary(uniqueKeysWithValues: used.map { ($0, time) })))
        scene.restart()
        await scene.pass(49, polling: "app2", "app3")
        #expect(try await scene.titles() == [])
        await scene.pass(2, polling: "app2", "app3")
        #expect(try await scene.titles() == ["server app1 is lost"])
        scene.restart()
        await scene.pass(100, polling: "app2", "app3")
        #expect(try await scene.titles() == ["server app1 is lost"])
        // ADMIN stood still: everybody is heard anew.
        scene.clock.advance(by: 1_000)
        await scene.watch.look()
        await scene.pass(2, polling: "app2", "app3")
        #expect(try await scene.titles() == ["server app1 is lost"])
    }

    @Test("an ADMIN that stood still does not take a lost server for one that is back")
    func standstill() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        await scene.pass(25, polling: "app2", "app3", "app4")
        scene.clock.advance(by: 10)
        await scene.pass(3, polling: "app2", "app3", "app4")
        #expect(try await scene.titles() == ["server app1 is lost"])
        #expect(try await scene.cloud.lostServers.keys.sorted() == ["app1"])
        await scene.pass(2, polling: "app1", "app2", "app3", "app4")
        #expect(try await scene.titles().last == "server app1 is back")
    }

    @Test("an instance of a rollout at work stays")
    func rollout() async throws {
        let scene = try await scene("on-server-lost: {after: 20s, move: true}")
        _ = try await scene.registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.rollouts["1"] = ServiceRollout(
                number: 1, type: "pgw", version: VersionReference("1.6.0")!, digest: Self.digest, versionsBefore: [:],
                createdBy: "ops", createdAt: "2027-01-15T08:00:00.000Z",
                progress: Rollout([(name: "pgw.1", version: nil)], to: Self.digest, by: RolloutPolicy()))
        }
        await scene.pass(25, polling: "app2", "app3", "app4")
        #expect(try await scene.placed() == ["pgw.1": "app1"])
        #expect(try await scene.registry.store.notice(1)?.notice.text.contains("it belongs to rollout 1") == true)
    }

    @Test("a loss is in the database with its commit")
    func sqlite() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let registry = try Registry(path: path)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.locations["tcn"] = Location(name: "tcn")
                cloud.servers["app1"] = Server(
                    name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"].compactMap { IPAddress($0) })
                cloud.lostServers["app1"] = LostServer(since: "2027-01-15T08:00:00.000Z", isHeld: true)
            }
            let lost = try await Registry(path: path).state().cloud.lostServers
            #expect(lost == ["app1": LostServer(since: "2027-01-15T08:00:00.000Z", isHeld: true)])
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.servers["app1"] = nil }
            #expect(try await Registry(path: path).state().cloud.lostServers.isEmpty)
        }
    }
}
