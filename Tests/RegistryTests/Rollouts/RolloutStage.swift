import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import Rollouts
import ServicesExport
import Synchronization
import TestSupport
import Testing
import Text
import Versions

@testable import Registry

/// An ADMIN that can be restarted, with two gateways and three servers that obey, unless they are told not to: pgw.1 to
/// pgw.3 on app1 to app3 at tcn, with version 1.5.0; 1.6.0 is there, with tests on servers and from outside.
final class RolloutStage {
    let clock = TestClock()
    let log = RecordedLog()
    let outside = PlayedOutside()
    private let open: () throws -> any RegistryStore
    private let folder: URL
    private(set) var registry: Registry
    private(set) var gateways: GatewayRoster
    private(set) var nodes: NodeRoster
    private(set) var keeper: VersionKeeper
    private(set) var driver: RolloutDriver

    /// What gateways do.
    var silent: Set<String> = []
    var holding: Set<String> = []
    var connections: [String: Int] = [:]
    /// Connections of real servers that have left the export; how many more there are that reports have no room for.
    var left: [String: Int] = [:]
    var leftBesides = 0
    var down: [String: String] = [:]
    private(set) var applied: [String: String] = [:]
    private var rows: [String: [ExportRow]] = [:]

    /// What servers do: versions that do not start, servers that are silent, how tests end.
    var broken: Set<String> = []
    /// Versions that no server takes: each goes on with 1.5.0.
    var refused: Set<String> = []
    var silentServers: Set<String> = []
    var testOutcome = JobReport.State.succeeded
    /// Of how many more jobs nobody sees the end.
    var unseenJobs = 0
    private var unseen: Set<ExactText> = []
    private var sequence = 0

    /// What must not happen, found while it went on.
    private(set) var faults: [String] = []

    static let gatewayNames = ["gw1", "gw2"]
    static let servers = ["app1", "app2", "app3"]
    static let names = ["pgw.1", "pgw.2", "pgw.3"]

    init(_ engine: RegistryStoreTests.Engine, in folder: URL) async throws {
        self.folder = folder
        switch engine {
        case .memory:
            let store = InMemoryStore()
            open = { store }
        case .sqlite:
            let path = folder.appending(path: "registry.sqlite").path
            open = { try SQLiteStore(path: path) }
        }
        (registry, gateways, nodes, keeper, driver) = try Self.start(try open(), folder, clock, outside, log)
        try await seed()
    }

    private static func start(
        _ store: any RegistryStore, _ folder: URL, _ clock: TestClock, _ outside: PlayedOutside, _ log: RecordedLog,
        isMarking: Bool = true
    ) throws -> (Registry, GatewayRoster, NodeRoster, VersionKeeper, RolloutDriver) {
        let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
        let gateways = GatewayRoster(registry: registry, logger: log.logger)
        let nodes = NodeRoster(registry: registry)
        let keeper = try VersionKeeper(
            VersionKeeping(directory: folder.appending(path: "versions").path, reserve: 0), registry: registry,
            logger: log.logger)
        let driver = RolloutDriver(
            registry: registry, gateways: gateways, nodes: nodes, versions: isMarking ? keeper : nil, outside: outside,
            logger: log.logger)
        return (registry, gateways, nodes, keeper, driver)
    }

    /// As after kill -9: what is only in memory is gone.
    func restart(isMarking: Bool = true) async throws {
        await gateways.flush()
        if registry.store is SQLiteStore { try registry.close() }
        (registry, gateways, nodes, keeper, driver) = try Self.start(
            try open(), folder, clock, outside, log, isMarking: isMarking)
    }

    static func manifest(_ name: String, hasTests: Bool = true) -> Manifest {
        var manifest = Manifest(version: VersionName(type: "pgw", name: name), files: [])
        guard hasTests else { return manifest }
        manifest.tests = [ServiceTest.Origin.node, .outside].map { origin in
            Manifest.Test(
                name: "smoke-\(origin)",
                action: .http(.init(method: "GET", port: 8080, path: "/health", status: 200)), timeout: 5,
                origin: origin)
        }
        return manifest
    }

    static let old = ContentDigest(of: manifest("1.5.0").bytes).description
    static let new = ContentDigest(of: manifest("1.6.0").bytes).description

    private func seed() async throws {
        for name in ["1.5.0", "1.6.0"] {
            let manifest = Self.manifest(name)
            _ = try await keeper.add(
                manifest.version, manifest: manifest.bytes, ManifestSignatures(), by: "ops", dryRun: false)
        }
        try await change { cloud in
            cloud.locations["tcn"] = Location(name: "tcn")
            let pool = AddressPool(
                location: "tcn", name: "www-ip", addresses: [try #require(IPAddress("198.51.100.36"))])
            cloud.pools[pool.id] = pool
            cloud.types["pgw"] = try ServiceType.read(
                source: """
                    type: pgw
                    gateway:
                      - name: http
                        address: www-ip
                        ports: [80]
                        drain: 30
                        check: {http: /health}

                    """, name: "pgw")
            for index in 1...3 {
                cloud.servers["app\(index)"] = Server(
                    name: "app\(index)", location: "tcn", kind: .app,
                    addresses: [try #require(IPAddress("10.1.0.1\(index)"))])
                cloud.services["pgw.\(index)"] = ServiceInstance(
                    type: "pgw", index: index, server: "app\(index)",
                    installation: Installation(version: .named("1.5.0", variant: nil), digest: Self.old))
            }
        }
        try await change { cloud in
            for name in cloud.services.keys { cloud.services[name]?.installation?.isStarting = false }
        }
        try await play()
    }

    // MARK: What operators do

    func change(_ body: @escaping @Sendable (inout Cloud) throws -> Void) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try body(&cloud) }
    }

    /// Begins a rollout to 1.6.0; its number.
    @discardableResult
    func begin(
        _ services: [String] = [], _ policy: RolloutPolicy = RolloutPolicy(bake: 2, deadline: 40),
        without gateways: Set<String> = []
    ) async throws -> String {
        try #require(try await ask(services, policy, without: gateways).rollout)
    }

    /// Asks for a rollout to 1.6.0.
    func ask(
        _ services: [String] = [], _ policy: RolloutPolicy = RolloutPolicy(bake: 2, deadline: 40),
        without gateways: Set<String> = []
    ) async throws -> RolloutBeginning {
        let target = RolloutTarget(type: "pgw", version: .named("1.6.0", variant: nil), digest: Self.new)
        let request = RolloutRequest(
            type: target.type, version: target.version, digest: target.digest, services: services,
            running: await nodes.services(running: target, in: try await registry.state()), policy: policy,
            withoutGateways: gateways, createdBy: "ops", createdAt: Timestamp.text(clock.now()))
        let beginning = Mutex<RolloutBeginning?>(nil)
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            let begun = try cloud.begin(request)
            beginning.withLock { $0 = begun }
        }
        let begun = beginning.withLock { $0 }
        return try #require(begun)
    }

    func order(_ order: RolloutOrder, _ id: String = "1", without gateways: Set<String> = []) async throws {
        _ = try await registry.order(order, rollout: id, withoutGateways: gateways, by: "ops", dryRun: false)
    }

    // MARK: What gateways and servers do

    /// Every gateway polls, applies, polls again and reports; every server does what it is to and reports.
    func play() async throws {
        for gateway in Self.gatewayNames { try await poll(gateway) }
        clock.advance(by: 0.125)
        for gateway in Self.gatewayNames { try await poll(gateway) }
        clock.advance(by: 0.125)
        for gateway in Self.gatewayNames { try await report(gateway) }
        for server in Self.servers { try await node(server) }
        clock.advance(by: 0.75)
    }

    func poll(_ name: String) async throws {
        guard !silent.contains(name) else { return }
        let export = try #require(try await registry.state().exports.byLocation["tcn"])
        let tag = export.newest.digest.etag
        rows[tag] = export.rows
        let isHeld = holding.contains(name) && applied[name] != tag
        let visit = try await gateways.begin(
            GatewayID(location: "tcn", name: name),
            GatewayHeartbeat(
                applied: applied[name], held: isHeld ? .init(tag: tag, reason: "too many", decision: .pending) : nil,
                exportVersion: .newest),
            isVouched: true, export: ExportInForce(since: export.since, tag: tag))
        await gateways.end(visit)
        if !isHeld { applied[name] = tag }
    }

    func report(_ name: String) async throws {
        guard !silent.contains(name), let tag = applied[name] else { return }
        let drained = Set((rows[tag] ?? []).filter { $0.weight == 0 }.map(\.service))
        let counts = drained.reduce(into: [ExactText: Int]()) { $0[ExactText($1)] = connections[$1] ?? 0 }
        let health = GatewayReport.Health(
            isInForce: true, targets: 3, unknown: 0,
            down: down.reduce(into: [:]) { down, entry in
                down[ExactText(entry.key)] = .init(
                    target: "10.1.0.11:80", since: Timestamp.text(clock.now()), reason: entry.value)
            }, downCount: down.count, downInstances: down.count)
        sequence += 1
        let report = GatewayReport(
            program: "1", state: .synchronized,
            drains: left.reduce(into: [:]) {
                $0[ExactText($1.key)] = .init(until: Timestamp.text(clock.now()), connections: $1.value)
            }, drainCount: left.count + leftBesides,
            draining: counts.isEmpty ? nil : .init(export: tag, counts: counts), health: health)
        _ = try await gateways.take(
            GatewayReportMessage(session: "s", sequence: sequence, report: report),
            from: GatewayID(location: "tcn", name: name), by: name)
    }

    func node(_ server: String) async throws {
        guard !silentServers.contains(server) else { return }
        await nodes.begin(server)
        await nodes.end(server)
        let file = try #require(try await registry.state().assignments.byServer[server])
        let time = Timestamp.text(clock.now())
        var report = ServerReport(program: "1", applied: file.etag, bootedAt: time)
        for (name, assignment) in file.document.services {
            let isBroken = assignment.version.map(broken.contains) ?? false
            let isRefused = assignment.version.map(refused.contains) ?? false
            report.services[name] = ServerService(
                state: isBroken ? .failing : .running, since: time,
                version: isRefused ? Self.old : assignment.version, wanted: assignment.version,
                problem: isBroken ? "it ended by itself with status 3" : isRefused ? "it is not trusted" : nil,
                isRefused: isRefused)
        }
        for id in file.document.jobs.keys {
            if unseenJobs > 0, unseen.insert(id).inserted { unseenJobs -= 1 }
            let outcome = unseen.contains(id) ? .unknown : testOutcome
            let problem: String? =
                switch outcome {
                case .failed: "smoke-node: HTTP 500"
                case .unknown: "portcullis-node was ended"
                case .running, .succeeded: nil
                }
            report.jobs[id] = JobReport(
                state: outcome, startedAt: time, endedAt: outcome == .running ? nil : time, problem: problem,
                output: "smoke-node\n")
        }
        sequence += 1
        _ = try await nodes.take(
            ServerReportMessage(session: "s", sequence: sequence, report: report), from: server, by: server)
    }

    // MARK: What becomes of it

    /// The driver looks, then everybody does something: a second.
    /// - Parameter isRestarted: whether ADMIN is restarted after each commit.
    func round(isRestarted: Bool = false) async throws {
        while true {
            let before = try await registry.state()
            await driver.look(atMost: isRestarted ? 1 : RolloutDriver.mostSteps)
            let after = try await registry.state()
            check(from: before.cloud, to: after.cloud)
            guard isRestarted, before.generation != after.generation else { break }
            try await restart()
        }
        await outside.settle()
        try await play()
    }

    /// Goes on until the rollout is over or paused; not for more than so many seconds.
    func run(_ id: String = "1", atMost seconds: Int = 400, isRestarted: Bool = false) async throws {
        for _ in 0..<seconds {
            try await round(isRestarted: isRestarted)
            let progress = try await rollout(id).progress
            if progress.isOver { break }
            if case .paused = progress.state,
                !progress.instances.contains(where: { ![.waiting, .done].contains($0.stage) })
            {
                break
            }
        }
        await driver.look()
    }

    /// Goes on until an instance is at a stage.
    func run(until stage: InstanceStage, of name: String, atMost seconds: Int = 60) async throws {
        for _ in 0..<seconds {
            if try await self.stage(of: name) == stage { return }
            try await round()
        }
        Issue.record("\(name) does not come to \(stage): \(try await rollout())")
    }

    private func check(from before: Cloud, to after: Cloud) {
        for name in Self.names where before.services[name]?.installation != after.services[name]?.installation {
            for gateway in Self.gatewayNames where !silent.contains(gateway) {
                let isServed = (rows[applied[gateway] ?? ""] ?? []).contains { $0.service == name && $0.weight > 0 }
                if isServed { faults.append("\(name) is changed while \(gateway) sends it something") }
                if connections[name] ?? 0 > 0 { faults.append("\(name) is changed with connections") }
            }
        }
    }

    func rollout(_ id: String = "1") async throws -> ServiceRollout {
        try #require(try await registry.state().cloud.rollouts[id])
    }

    func stage(of name: String, _ id: String = "1") async throws -> InstanceStage? {
        try await rollout(id).progress.instances.first { $0.name == name }?.stage
    }

    /// The digests of the versions that the instances have.
    func versions() async throws -> [String?] {
        let cloud = try await registry.state().cloud
        return Self.names.map { cloud.services[$0]?.installation?.digest }
    }

    func state(of name: String) async throws -> String? {
        let cloud = try await registry.state().cloud
        return cloud.services[name].map { cloud.effectiveState(of: $0).description }
    }

    func mark() async throws -> StoredVersion {
        try await keeper.version(VersionName(type: "pgw", name: "1.6.0"))
    }
}

/// Tests from outside that end as they are told to.
final class PlayedOutside: OutsideTesting {
    private struct Run {
        var problem: String?
        var asked: [OutsideTest] = []
        var isNew = false
    }

    private let state = Mutex(Run())

    var problem: String? {
        get { state.withLock { $0.problem } }
        set { state.withLock { $0.problem = newValue } }
    }

    var asked: [OutsideTest] { state.withLock { $0.asked } }

    func run(_ test: OutsideTest) async -> String? {
        state.withLock { state in
            state.asked.append(test)
            state.isNew = true
            return state.problem
        }
    }

    /// Leaves tests that were begun the time to tell their driver.
    func settle() async {
        let isNew = state.withLock { state in
            defer { state.isNew = false }
            return state.isNew
        }
        if isNew { try? await Task.sleep(for: .milliseconds(2)) }
    }
}
