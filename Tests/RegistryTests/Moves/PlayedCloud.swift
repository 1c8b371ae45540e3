import AdminAPI
import Cloud
import Foundation
import Names
import NetworkTypes
import RegistryTestSupport
import Rollouts
import ServicesExport
import TestSupport
import Text

@testable import Registry

/// ADMIN with servers app1, app2 and app3 and gateways gw1 and gw2 at tcn that are played, all obedient at first; pgw.1 is
/// installed on app1.
final class PlayedCloud {
    static let digest = String(repeating: "0a", count: 32)
    static let pgw = "type: pgw\ngateway:\n  - {name: http, address: ip, ports: {80: 80}, drain: 60}\n"

    let store: any RegistryStore
    let clock = TestClock()
    let log = RecordedLog()
    private(set) var registry: Registry
    private(set) var gateways: GatewayRoster
    private(set) var nodes: NodeRoster
    private(set) var driver: MoveDriver
    private(set) var actions: ActionClock
    private(set) var starts: StartWatch
    private var sequence = 0
    /// Servers and gateways that say nothing.
    var silent: Set<String> = []
    /// What services do instead of what is wanted, by server.
    var states: [String: ServerService.State] = [:]
    /// How jobs end, by server; `nil`: they run.
    var outcomes: [String: JobReport.State?] = [:]
    /// Of how many more jobs nobody sees the end.
    var unseenJobs = 0
    private var unseen: Set<ExactText> = []
    /// The server of pgw.1 in the export that each gateway has applied.
    private(set) var forwarded: [String: String] = [:]
    /// The servers where pgw.1 runs.
    private(set) var running: Set<String> = []
    /// What must not happen, found while it went on.
    private(set) var faults: [String] = []

    init(_ store: any RegistryStore) {
        self.store = store
        (registry, gateways, nodes, driver, actions, starts) = Self.parts(store, clock, log)
    }

    private static func parts(
        _ store: any RegistryStore, _ clock: TestClock, _ log: RecordedLog
    ) -> (Registry, GatewayRoster, NodeRoster, MoveDriver, ActionClock, StartWatch) {
        let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
        let gateways = GatewayRoster(registry: registry, logger: log.logger)
        let nodes = NodeRoster(registry: registry)
        return (
            registry, gateways, nodes,
            MoveDriver(registry: registry, gateways: gateways, nodes: nodes, logger: log.logger),
            ActionClock(registry: registry, nodes: nodes, logger: log.logger),
            StartWatch(registry: registry, nodes: nodes, logger: log.logger)
        )
    }

    /// Another ADMIN on the same store: what was in memory is gone.
    func restart() async {
        await gateways.flush()
        (registry, gateways, nodes, driver, actions, starts) = Self.parts(store, clock, log)
    }

    func seed(_ type: String = pgw) async throws {
        try await change { cloud in
            cloud.locations["tcn"] = Location(name: "tcn")
            let addresses = ["198.51.100.1"].compactMap { IPAddress($0) }
            let pool = AddressPool(location: "tcn", name: "ip", addresses: addresses)
            cloud.pools[pool.id] = pool
            for number in 1...3 {
                let server = Server(
                    name: "app\(number)", location: "tcn", kind: .app,
                    addresses: ["10.1.0.\(number)"].compactMap { IPAddress($0) })
                cloud.servers[server.name] = server
            }
            cloud.types["pgw"] = try ServiceType.read(source: type, name: "pgw")
            cloud.services["pgw.1"] = ServiceInstance(
                type: "pgw", index: 1, server: "app1",
                installation: Installation(version: .named("1.5.0", variant: nil), digest: Self.digest))
        }
        try await play()
    }

    func change(_ body: @escaping @Sendable (inout Cloud) throws -> Void) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in try body(&cloud) }
    }

    func move(to server: String, atOnce: Bool = false, drainTime: Int? = nil) async throws {
        let time = Timestamp.text(registry.now())
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, before in
            try cloud.move(
                MoveRequest(
                    service: "pgw.1", server: server, isAtOnce: atOnce, drainTime: drainTime, createdBy: "ops",
                    createdAt: time), since: before.cloud, .none)
        }
    }

    var cloud: Cloud { get async throws { try await registry.state().cloud } }
    var move: RecordedMove? { get async throws { try await registry.state().cloud.moves["pgw.1"] } }

    /// What a server is to do with pgw.1.
    func desired(on server: String) async throws -> Assignment.Desired? {
        try await registry.state().assignments.byServer[server]?.document.services[ExactText("pgw.1")]?.desired
    }

    /// Servers and gateways do what they are asked for, and say so.
    func play() async throws {
        for number in 1...3 where !silent.contains("app\(number)") { try await report("app\(number)") }
        await starts.look()
        for name in ["gw1", "gw2"] where !silent.contains(name) { try await poll(name) }
        for (gateway, server) in forwarded where !running.contains(server) {
            faults.append("\(gateway) sends to \(server), where nothing runs: \(running.sorted())")
        }
    }

    /// Plays, and lets ADMIN look, until the move has a stage or has ended, with a restart of ADMIN before each look.
    func go(until isThere: (RecordedMove) -> Bool, restarting: Bool = false) async throws {
        for _ in 0..<40 {
            if let move = try await move, isThere(move) { return }
            if restarting { await restart() }
            try await play()
            await driver.look()
            try await play()
            clock.advance(by: 1)
        }
        faults.append("not there: \(try await move?.description ?? "no move")")
    }

    private func report(_ server: String) async throws {
        guard let file = try await registry.state().assignments.byServer[server] else { return }
        var services: [ExactText: ServerService] = [:]
        for (name, assignment) in file.document.services {
            let state: ServerService.State =
                switch assignment.desired {
                case .running: states[server] ?? .running
                case .stopped: .stopped
                case .absent, .purged: .absent
                }
            services[name] = ServerService(
                state: state, since: "2026-01-01T00:00:00Z", version: Self.digest,
                wanted: assignment.version, problem: state == .failing ? "it exits with 1" : nil)
            guard name == ExactText("pgw.1") else { continue }
            if state == .running { running.insert(server) } else { running.remove(server) }
        }
        var jobs: [ExactText: JobReport] = [:]
        for id in file.document.jobs.keys {
            if unseenJobs > 0, unseen.insert(id).inserted { unseenJobs -= 1 }
            let state = unseen.contains(id) ? .unknown : outcomes[server] ?? .succeeded
            jobs[id] = JobReport(
                state: state ?? .running, startedAt: "2026-01-01T00:00:00Z",
                endedAt: state == nil ? nil : "2026-01-01T00:00:01Z",
                problem: state == .failed ? "alive: HTTP 500" : nil)
        }
        sequence += 1
        let report = ServerReport(
            program: "1", applied: file.etag, bootedAt: "2026-01-01T00:00:00Z", services: services, jobs: jobs)
        _ = try await nodes.take(
            ServerReportMessage(session: "s", sequence: sequence, report: report), from: server, by: "node")
    }

    private func poll(_ name: String) async throws {
        guard let export = try await registry.state().exports.byLocation["tcn"] else { return }
        let tag = export.newest.digest.etag
        await gateways.end(
            try await gateways.begin(
                GatewayID(location: "tcn", name: name), GatewayHeartbeat(applied: tag, exportVersion: .newest),
                isVouched: true, export: ExportInForce(since: export.since, tag: tag)))
        let isExported = export.rows.contains { $0.service == "pgw.1" }
        forwarded[name] = isExported ? try await cloud.services["pgw.1"]?.server : nil
    }
}
