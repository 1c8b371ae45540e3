import AdminAPI
import Foundation
import Logging
import Netlink
import NetworkTypes
import ServiceSupport
import ServicesExport
import Synchronization
import SystemPackage
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

/// Exports handed out one by one, as ADMIN would.
private final class ScriptedSource: ExportSource {
    private let answer = Mutex<Result<[UInt8], ExportSourceError>>(
        .failure(ExportSourceError(.unreachable, "ADMIN is away")))
    private let seen = Mutex<[ExportRequest]>([])

    func publish(_ lines: String...) { publish(lines) }

    func publish(_ lines: [String]) {
        answer.withLock { $0 = .success(ServicesCSV.file(of: lines)) }
    }

    func publish(bytes: [UInt8]) { answer.withLock { $0 = .success(bytes) } }
    func goAway() { answer.withLock { $0 = .failure(ExportSourceError(.unreachable, "ADMIN is away")) } }

    /// What the gateway has told, poll by poll.
    var requests: [ExportRequest] { seen.withLock { $0 } }

    func fetch(_ request: ExportRequest) async throws -> ExportAnswer {
        seen.withLock { $0.append(request) }
        let bytes = try answer.withLock { $0 }.get()
        let digest = ExportDigest(of: bytes)
        return [request.known, request.held?.digest].contains(digest)
            ? .unchanged(digest, held: false) : .export(bytes, digest, held: false)
    }
}

@Suite struct GatewayTests {
    private let directory: TemporaryDirectory
    private let source = ScriptedSource()
    private let kernel = InMemoryKernel()
    private let clock = TestClock()

    init() throws { directory = try TemporaryDirectory() }

    private func makeGateway(_ change: (inout GatewayConfiguration) -> Void = { _ in }) throws -> Gateway {
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.location = "tcn"
        configuration.stateDirectory = directory.path + "/state"
        configuration.runDirectory = directory.path + "/run"
        change(&configuration)
        _ = try StateDirectory(configuration.runDirectory)
        return try Gateway(
            configuration, source: source, kernel: kernel, store: try StateDirectory(configuration.stateDirectory),
            environment: [:], process: 1, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clocks: clock.read)
    }

    private var exports: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/state")) ?? [])
            .filter { $0.hasPrefix("services-") }
    }

    @Test("nothing is written before the first valid export")
    func first() async throws {
        let gateway = try makeGateway()
        await gateway.cycle()
        source.publish(bytes: Array("<html>".utf8))
        await gateway.cycle()
        #expect(kernel.writes == 0)
        #expect(await gateway.status.state == .waiting)
        #expect(await gateway.status.poll?.error?.hasPrefix("services.csv:1:1: ") == true)
        source.publish(Row.web(1))
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.count == 1)
        #expect(await gateway.status.state == .synchronized)
    }

    @Test("a server of UDP alone goes when its moment is over, though it has flows and ADMIN holds its answer")
    func datagrams() async throws {
        let gateway = try makeGateway()
        source.publish(Row.dns(1), Row.dns(2))
        await gateway.cycle()
        kernel.setConnections(1)
        source.publish(Row.dns(1))
        await gateway.cycle()
        let service = IPVS.ServiceIdentity.address(IPAddress("198.51.100.36")!, .udp, port: 53)
        #expect(kernel.state.services[service]?.destinations.map(\.settings.weight) == [100, 0])
        #expect(await gateway.status.drains.map(\.server) == ["10.1.0.12:53"])
        clock.advance(by: 2)
        await gateway.cycle()
        #expect(kernel.state.services[service]?.destinations.count == 2)

        clock.advance(by: 1)
        let follower = Task { await gateway.followDrains(every: .milliseconds(1)) }
        while kernel.state.services[service]?.destinations.count == 2 { try await Task.sleep(for: .milliseconds(1)) }
        follower.cancel()
        await follower.value
        #expect(await gateway.status.drains.isEmpty)
    }

    @Test("without ctnetlink all else goes on, and the status says so until it is there and the flows are right")
    func conntrackMissing() async throws {
        let gateway = try makeGateway()
        source.publish(Row.logger(1), Row.web(1))
        kernel.injectFlows(.invalidArgument)
        await gateway.cycle()
        #expect(await gateway.status.state == .synchronized)
        #expect(await gateway.status.problems.contains { $0.contains("modprobe nf_conntrack_netlink") })
        kernel.flows = [
            .init(
                from: IPAddress("203.0.113.10")!, port: 4711, to: .init(IPAddress("198.51.100.36")!, .udp, port: 514),
                server: IPAddress("10.1.0.31")!, serverPort: 5514, isTranslated: true)
        ]
        source.publish(Row.web(1))
        await gateway.cycle()
        #expect(kernel.state.table?.elements.contains { $0.kind == .dnat } == false)
        #expect(kernel.flows.count == 1)
        kernel.injectFlows(nil)
        await gateway.audit()
        #expect(kernel.flows.isEmpty)
        #expect(await gateway.status.problems.isEmpty)
        let reads = kernel.reads
        await gateway.cycle()
        #expect(kernel.reads == reads)
    }

    @Test("an unchanged poll neither reads nor writes the kernel, and the state stays as it is on disk")
    func unchanged() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let (reads, writes) = (kernel.reads, kernel.writes)
        let state = try FileManager.default.attributesOfItem(atPath: directory.path + "/state/state.json")
        for _ in 0..<3 { await gateway.cycle() }
        #expect(kernel.reads == reads)
        #expect(kernel.writes == writes)
        let after = try FileManager.default.attributesOfItem(atPath: directory.path + "/state/state.json")
        #expect(after[.systemFileNumber] as? Int == state[.systemFileNumber] as? Int)
        #expect(
            source.requests.map(\.applied) == [nil]
                + Array(repeating: ExportDigest(of: Self.bytes(Row.web(1))), count: 3))
    }

    private static func bytes(_ lines: String...) -> [UInt8] { bytes(lines) }

    private static func bytes(_ lines: [String]) -> [UInt8] {
        ServicesCSV.file(of: lines)
    }

    @Test("a bad export is refused as a whole and the old one stays in force")
    func bad() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let state = kernel.state
        source.publish(Row.web(1), Row.web(2), "rubbish")
        await gateway.cycle()
        #expect(kernel.state == state)
        #expect(await gateway.status.poll?.error?.hasPrefix("services.csv:4:8: 1 cell") == true)
        #expect(await gateway.status.state == .synchronized)
        source.publish(Row.web(1), Row.web(2))
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.count == 2)
    }

    @Test("the last good export is kept, one file, and is in force again with ADMIN away")
    func stored() async throws {
        var gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        source.publish(Row.web(1), Row.web(2))
        await gateway.cycle()
        #expect(exports.count == 1)
        source.goAway()
        kernel.state = KernelState()
        gateway = try makeGateway()
        await gateway.synchronize()
        #expect(kernel.state.services[.web]?.destinations.count == 2)
        #expect(await gateway.status.poll?.error == "ADMIN is away")
    }

    @Test("an export file that was damaged is not used")
    func damaged() async throws {
        var gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let file = try #require(exports.first)
        try "rubbish".write(toFile: "\(directory.path)/state/\(file)", atomically: false, encoding: .utf8)
        source.goAway()
        kernel.state = KernelState()
        let writes = kernel.writes
        gateway = try makeGateway()
        await gateway.synchronize()
        #expect(kernel.writes == writes)
        #expect(kernel.state == KernelState())
        #expect(await gateway.status.state == .waiting)
    }

    @Test("a drain that began before a restart ends after it, also with ADMIN away")
    func drain() async throws {
        var gateway = try makeGateway()
        source.publish(Row.web(1), Row.web(2))
        await gateway.cycle()
        source.publish(Row.web(1))
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.map(\.settings.weight) == [100, 0])
        #expect(await gateway.status.drains.map(\.server) == ["10.1.0.12:8080"])
        source.goAway()
        gateway = try makeGateway()
        await gateway.synchronize()
        #expect(kernel.state.services[.web]?.destinations.map(\.settings.weight) == [100])
        #expect(await gateway.status.drains.isEmpty)
    }

    @Test("a step the kernel refuses is named, and tried again less and less often without a new export")
    func refusal() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1), Row.dns(1))
        kernel.inject { command in
            if case .addService(.web, _)? = command { .noMemory } else { nil }
        }
        await gateway.cycle()
        #expect(await gateway.status.state == .failing)
        let failure = try #require(await gateway.status.failures.first)
        #expect(failure.error.hasPrefix("add service 198.51.100.36:80/tcp: "))
        #expect(failure.attempts == 1 && failure.since == 1_000 && failure.retryAt == 1_003)
        // The other service does not wait for it.
        #expect(kernel.state.services.keys.map(\.description) == ["198.51.100.36:53/udp"])
        #expect(await gateway.status.applied == nil)

        let writes = kernel.writes
        await gateway.cycle()
        #expect(kernel.writes == writes)
        clock.advance(by: 3)
        await gateway.cycle()
        #expect(await gateway.status.failures.first?.attempts == 2)
        #expect(await gateway.status.failures.first?.retryAt == 1_009)
        #expect(source.requests.last?.failures == 1)

        kernel.inject(nil)
        clock.advance(by: 6)
        await gateway.cycle()
        #expect(await gateway.status.state == .synchronized)
        #expect(await gateway.status.failures.isEmpty)
        #expect(kernel.state.services[.web]?.destinations.count == 1)
        await gateway.cycle()
        #expect(source.requests.last?.failures == 0)
    }

    @Test("a wall clock that is set delays no retry and ages nothing", arguments: [-7_200, 3_600])
    func setClockAfterRefusal(seconds: Int) async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        kernel.inject { _ in .noMemory }
        await gateway.cycle()
        clock.setWall(forwardBy: seconds)
        clock.advance(by: 2)
        let now = clock.read()
        let (status, _) = try #require(
            try GatewayStatus.load(runDirectory: directory.path + "/run", at: now))
        #expect(status.text(now: now.boot).contains("up 2 s"))
        #expect(status.text(now: now.boot).contains("1 tries, next in 1 s"))
        #expect(status.staleness(isRunning: true, now: now.boot, patience: 10) == nil)
        clock.advance(by: 1)
        kernel.inject(nil)
        await gateway.cycle()
        #expect(await gateway.status.state == .synchronized)
    }

    @Test("a wall clock that is set in a drain neither ends it nor makes it longer", arguments: [-3_600, 3_600])
    func setClockInDrain(seconds: Int) async throws {
        kernel.setConnections(1)
        let gateway = try makeGateway { $0.drainTime = 60 }
        source.publish(Row.web(1), Row.web(2))
        await gateway.cycle()
        source.publish(Row.web(1))
        await gateway.cycle()
        clock.setWall(forwardBy: seconds)
        clock.advance(by: 59)
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.count == 2)
        clock.advance(by: 1)
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.count == 1)
    }

    @Test("the status file has its times by the wall clock, for people")
    func wallTimes() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let text = try String(contentsOfFile: directory.path + "/run/status.json", encoding: .utf8)
        #expect(text.contains("\"startedAt\" : 1700000000"))
    }

    @Test(
        "a status file with a duration that is none is refused, and shown by nobody",
        arguments: ["1e300", "-1", "9e18"])
    func noDuration(milliseconds: String) async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let path = directory.path + "/run/status.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let damaged = text.replacing(/"milliseconds" : [0-9.e-]+/, with: "\"milliseconds\" : \(milliseconds)")
        #expect(damaged != text)
        try Data(damaged.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FileError.self) {
            try GatewayStatus.load(runDirectory: directory.path + "/run", at: clock.read())
        }
        #expect(error?.description.contains("what the export took is no time") == true)
    }

    @Test("an export that withdraws too much is held back until its very ETag is accepted")
    func held() async throws {
        let gateway = try makeGateway()
        let rows = (0..<6).map { Row.port(8000 + $0) }
        source.publish(rows)
        await gateway.cycle()
        let before = kernel.state
        source.publish(Array(rows.prefix(1)))
        await gateway.cycle()
        #expect(kernel.state == before)
        #expect(await gateway.status.state == .held)
        let held = try #require(await gateway.status.held)
        #expect(held.reasons == ["it withdraws 5 of 6 public endpoints; at most 50 % may go at once"])
        await gateway.cycle()
        #expect(source.requests.last?.held?.digest.etag == held.etag)
        #expect(source.requests.last?.held?.isRejected == false)
        #expect(source.requests.last?.applied == ExportDigest(of: Self.bytes(rows)))

        let store = try StateDirectory(directory.path + "/state")
        try store.save(GuardDecision(.accept, ExportDigest(of: [1])))
        await gateway.cycle()
        #expect(await gateway.status.state == .held)
        try store.save(GuardDecision(.reject, try #require(ExportDigest(etag: held.etag))))
        await gateway.cycle()
        #expect(await gateway.status.held?.isRejected == true)
        await gateway.cycle()
        #expect(source.requests.last?.held?.isRejected == true)
        try store.save(GuardDecision(.accept, try #require(ExportDigest(etag: held.etag))))
        await gateway.cycle()
        #expect(await gateway.status.state == .synchronized)
        #expect(await gateway.status.held == nil)
        #expect(await gateway.status.applied?.etag == held.etag)
        #expect(store.loadDecision() == nil)
    }

    @Test("a held export is dropped when ADMIN goes back to the one in force, and replaced by another")
    func heldReplaced() async throws {
        let gateway = try makeGateway()
        let rows = (0..<6).map { Row.port(8000 + $0) }
        source.publish(rows)
        await gateway.cycle()
        source.publish([])
        await gateway.cycle()
        #expect(await gateway.status.held?.reasons == ["it is empty: all 6 public endpoints would go"])
        source.publish(rows)
        await gateway.cycle()
        #expect(await gateway.status.held == nil)
        #expect(await gateway.status.state == .synchronized)
        source.publish([])
        await gateway.cycle()
        source.publish(Array(rows.prefix(4)))
        await gateway.cycle()
        #expect(await gateway.status.held == nil)
        #expect(await gateway.status.export?.virtualServices == 4)
    }

    @Test("without a last export the guard compares with what the kernel admits")
    func heldAfterLoss() async throws {
        let rows = (0..<6).map { Row.port(8000 + $0) }
        source.publish(rows)
        await (try makeGateway()).cycle()
        try FileManager.default.removeItem(atPath: directory.path + "/state")
        let before = kernel.state
        source.publish([])
        let gateway = try makeGateway()
        await gateway.cycle()
        #expect(kernel.state == before)
        #expect(await gateway.status.held?.reasons == ["it is empty, and the kernel admits 6 ports and ranges"])
    }

    @Test("cron's runs hold an export back, too, and take it when it was accepted")
    func heldByCron() async throws {
        let rows = (0..<6).map { Row.port(8000 + $0) }
        source.publish(rows)
        await (try makeGateway()).synchronize()
        source.publish([])
        for _ in 0..<2 {
            let gateway = try makeGateway()
            await gateway.synchronize()
            #expect(await gateway.status.state == .held)
        }
        let empty = ExportDigest(of: Self.bytes([]))
        try StateDirectory(directory.path + "/state").save(GuardDecision(.accept, empty))
        let gateway = try makeGateway()
        await gateway.synchronize()
        #expect(await gateway.status.state == .synchronized)
        #expect(await gateway.status.export?.rows == 0)
    }

    @Test("a state that cannot be written is told, and the kernel is kept up to date all the same")
    func unwritable() async throws {
        kernel.setConnections(1)
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        // A directory in the place of the temporary file: nothing can be written there, not even by root.
        let block = directory.path + "/state/state.json.new"
        try FileManager.default.createDirectory(atPath: block, withIntermediateDirectories: false)
        source.publish(Row.web(2))
        await gateway.cycle()
        #expect(kernel.state.services[.web]?.destinations.map(\.settings.weight) == [0, 100])
        #expect(await gateway.status.problems.first?.contains("write \(directory.path)/state/state.json") == true)
        #expect(await gateway.status.state == .synchronized)
        try FileManager.default.removeItem(atPath: block)
        source.publish(Row.web(2), Row.web(3))
        await gateway.cycle()
        #expect(await gateway.status.problems.isEmpty)
        #expect(try StateDirectory.loadState(of: directory.path + "/state", at: clock.read())?.drains.count == 1)
    }

    @Test("what others change in IPVS is found by an audit, put right and told")
    func drift() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1), Row.web(2))
        await gateway.cycle()
        await gateway.audit()
        #expect(await gateway.status.drift.repairs == 0)
        let before = kernel.state
        kernel.state.services[.web]?.destinations[0].settings.weight = 7
        kernel.state.services[.web]?.destinations.removeLast()
        await gateway.audit()
        #expect(kernel.state == before)
        #expect(
            await gateway.status.drift.last == [
                "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 7 -> 100",
                "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 masq weight 100",
            ])
        #expect(await gateway.status.drift.repairs == 2)
        kernel.state.services = [:]
        await gateway.audit()
        #expect(kernel.state == before)
    }

    @Test("each audit reads the next share of the real servers, and one that is asked for reads them all")
    func shares() async throws {
        let gateway = try makeGateway()
        // Two services make more than one share.
        source.publish(
            (0..<2).flatMap { port in
                (0..<Auditor.share).map { number in
                    "pgw.\(number),p\(port),tcp,www-ip,198.51.100.36,\(80 + port),,masq,wlc,0,,,"
                        + "10.\(number / 65_536).\(number / 256 % 256).\(number % 256),8080,100"
                }
            })
        await gateway.cycle()
        let services = kernel.state.services.keys.sorted()
        func isRepaired(_ service: IPVS.ServiceIdentity) -> Bool {
            kernel.state.services[service]?.destinations[0].settings.weight == 100
        }
        for service in services { kernel.state.services[service]?.destinations[0].settings.weight = 7 }
        await gateway.audit()
        #expect(services.count(where: isRepaired) == 1)
        #expect(await gateway.counters.auditRounds == 0)
        await gateway.audit()
        #expect(services.count(where: isRepaired) == 2)
        #expect(await gateway.counters.auditRounds == 1)

        for service in services { kernel.state.services[service]?.destinations[0].settings.weight = 7 }
        await gateway.requestAudit()
        await gateway.audit()
        #expect(services.count(where: isRepaired) == 2)
        #expect(await gateway.counters.auditRounds == 2)
    }

    @Test("a poll that comes in the middle of an audit does not wait for its end")
    func pollInAudit() async throws {
        let gateway = try makeGateway()
        source.publish((0..<400).map { Row.port(8_000 + $0) })
        await gateway.cycle()
        source.publish((0..<400).map { Row.port(8_000 + $0, weight: 50) })
        // The kernel takes its time for each service.
        kernel.delayReads(by: .milliseconds(6))
        async let audit: Void = gateway.audit()
        while kernel.reads < 3 { await Task.yield() }
        await gateway.cycle()
        #expect(kernel.state.services.values.allSatisfy { $0.destinations[0].settings.weight == 50 })
        #expect(await gateway.counters.audits == 0)
        await audit
        #expect(await gateway.counters.audits == 1)
        // What the poll has changed meanwhile is no drift.
        #expect(await gateway.status.drift.repairs == 0)
    }

    @Test("a kernel that cannot be read is not said to be in agreement")
    func unreadable() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        kernel.refuseReads(true)
        await gateway.audit()
        #expect(await gateway.status.state == .failing)
        #expect(await gateway.status.problems.first?.hasPrefix("the kernel cannot be looked at: ") == true)
        kernel.refuseReads(false)
        kernel.state.services = [:]
        await gateway.cycle()
        #expect(await gateway.status.state == .synchronized)
        #expect(kernel.state.services[.web] != nil)
    }

    @Test("settings that others change are set right by an audit and count as drift; those at the start do not")
    func settings() async throws {
        kernel.settings.sysctls["net.ipv4.vs.conntrack"] = "1"
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.synchronize()
        #expect(await gateway.status.drift.repairs == 0)
        kernel.settings.sysctls["net.ipv4.vs.conntrack"] = "1"
        kernel.settings.sysctls["net.ipv4.ip_forward"] = "0"
        await gateway.audit()
        #expect(kernel.settings.sysctls["net.ipv4.vs.conntrack"] == "0")
        #expect(await gateway.status.drift.last == ["host ~ net.ipv4.vs.conntrack 1 -> 0"])
        #expect(await gateway.status.settings.map(\.name) == ["net.ipv4.ip_forward"])
        #expect(await gateway.status.text(now: clock.read().boot).contains("setting   net.ipv4.ip_forward is 0: "))
    }

    @Test("metrics have series for as many servers as the limit says, and none of them beyond")
    func metricsLimit() async throws {
        for (limit, expected) in [(2, 2), (1, 0)] {
            let gateway = try makeGateway { $0.metricsLimit = limit }
            source.publish(Row.web(1), Row.web(2))
            await gateway.cycle()
            await gateway.audit()
            let text = try String(contentsOfFile: directory.path + "/run/metrics.prom", encoding: .utf8)
            let weights = text.split(separator: "\n").filter {
                $0.hasPrefix("portcullis_gateway_real_server_weight{")
            }
            #expect(weights.count == expected)
            #expect(text.contains("portcullis_gateway_virtual_service_connections_total{virtual_service="))
        }
    }

    @Test("what others change in our table is put right as soon as the kernel tells of it")
    func tableDrift() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        let before = kernel.state
        let task = Task { try await gateway.run() }
        defer { task.cancel() }
        while kernel.listenerCount == 0 { await Task.yield() }
        kernel.state.table = nil
        for _ in 0..<60_000 where kernel.state != before { try await Task.sleep(for: .milliseconds(2)) }
        #expect(kernel.state == before)
        #expect(await gateway.status.drift.repairs > 0)
    }

    @Test("a service of others on an address of ours is left alone and told, or removed, as configured")
    func foreign() async throws {
        source.publish(Row.web(1))
        let gateway = try makeGateway()
        await gateway.cycle()
        let foreign = IPVS.ServiceIdentity.address(IPAddress("198.51.100.36")!, .tcp, port: 9_999)
        kernel.state.services[foreign] = VirtualService(settings: IPVS.ServiceSettings(scheduler: "rr"))
        await gateway.audit()
        #expect(kernel.state.services[foreign] != nil)
        #expect(await gateway.status.foreignServices == ["198.51.100.36:9999/tcp"])
        let restarted = try makeGateway()
        await restarted.synchronize()
        await restarted.audit()
        #expect(kernel.state.services[foreign] != nil)
        let removing = try makeGateway { $0.foreignServices = .remove }
        await removing.synchronize()
        #expect(kernel.state.services[foreign] == nil)
        #expect(kernel.state.services[.web] != nil)
    }

    @Test("public addresses that the machine does not have are told")
    func missingAddresses() async throws {
        source.publish(Row.web(1))
        let gateway = try makeGateway()
        await gateway.cycle()
        await gateway.audit()
        #expect(await gateway.status.missingAddresses == ["198.51.100.36"])
        kernel.setLocalAddresses([IPAddress("198.51.100.36")!])
        await gateway.audit()
        #expect(await gateway.status.missingAddresses.isEmpty)
    }

    @Test("the status file reads back as what it says")
    func status() async throws {
        let gateway = try makeGateway()
        source.publish(Row.web(1))
        await gateway.cycle()
        var (status, _) = try #require(try GatewayStatus.load(runDirectory: directory.path + "/run", at: clock.read()))
        #expect(status.clock == ClockStamp(clock.read()))
        status.clock = nil
        #expect(await gateway.status == status)
        #expect(status.text(now: status.startedAt).hasPrefix("gw1 follows tcn, active: synchronized\n"))
        #expect(status.export?.rows == 1)
    }
}
