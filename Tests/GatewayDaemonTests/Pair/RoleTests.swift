import Glibc
import Logging
import Netlink
import ServiceSupport
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct RoleTests {
    private let directory: TemporaryDirectory
    private let kernel = InMemoryKernel()

    init() throws { directory = try TemporaryDirectory() }

    private var configuration: GatewayConfiguration {
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.location = "tcn"
        configuration.stateDirectory = directory.path + "/state"
        configuration.runDirectory = directory.path
        configuration.sync.interface = "eth1"
        return configuration
    }

    private var roleFile: RoleFile { RoleFile(runDirectory: directory.path) }

    private struct AwaySource: ExportSource {
        func fetch(_ request: ExportRequest) async throws -> ExportAnswer {
            throw ExportSourceError(.unreachable, "ADMIN is away")
        }
    }

    private func makeGateway() throws -> Gateway {
        try Gateway(
            configuration, source: AwaySource(), kernel: kernel,
            store: try StateDirectory(configuration.stateDirectory), environment: [:], process: 1,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("the configuration's role holds until one is given, and again when that is taken back")
    func current() throws {
        #expect(try configuration.currentRole() == .active)
        try roleFile.save(.passive)
        #expect(try configuration.currentRole() == .passive)
        roleFile.remove()
        #expect(try configuration.currentRole() == .active)
        _ = try directory.write("role", "master\n")
        #expect(throws: FileError.self) { try configuration.currentRole() }
    }

    @Test("a daemon that runs takes the role it is given, in status and kernel, and keeps it over a restart")
    func taken() async throws {
        let gateway = try makeGateway()
        let running = Task { try await gateway.run() }
        try await eventually { await gateway.status.syncDaemons == ["master on eth1, id 1"] }
        try roleFile.save(.passive)
        try await eventually { await gateway.status.role == "passive" }
        #expect(try kernel.syncDaemons().map(\.role) == [.backup])
        let told = try GatewayStatus.load(runDirectory: directory.path, at: .now)?.status
        #expect(told?.role == "passive")
        running.cancel()
        _ = try? await running.value

        let next = try makeGateway()
        await next.assumeRole()
        #expect(await next.status.role == "passive")
    }

    @Test("a sync daemon that others have stopped is there again after an audit, which may be asked for")
    func repaired() async throws {
        let gateway = try makeGateway()
        let running = Task { try await gateway.run() }
        try await eventually { await gateway.status.syncDaemons == ["master on eth1, id 1"] }
        try kernel.stopSyncDaemon(.master)
        try await eventually {
            configuration.askForAudit()
            return (try? kernel.syncDaemons().map(\.role)) == [.master]
        }
        running.cancel()
        _ = try? await running.value
    }

    @Test("a daemon that runs answers, one that does not go on does not")
    func signOfLife() async throws {
        let gateway = try makeGateway()
        let running = Task { try await gateway.run() }
        let lock = try StateLock(directory.path + "/lock", purpose: "run")
        try await eventually { await gateway.status.syncDaemons == ["master on eth1, id 1"] }
        let asked = ClockReading.now
        #expect(await configuration.signOfLife(until: .now + .seconds(60)) == .given)
        let told = try #require(try GatewayStatus.load(runDirectory: directory.path, at: .now)).status
        #expect(try #require(told.clock).boot >= asked.boot)
        running.cancel()
        _ = try? await running.value
        #expect(await configuration.signOfLife(until: .now + .milliseconds(100)) == .missing)
        withExtendedLifetime(lock) {}
    }

    @Test("a daemon that is asked before it watches its run directory answers as soon as it does")
    func askedEarly() async throws {
        let lock = try StateLock(directory.path + "/lock", purpose: "run")
        configuration.askForAudit()
        let asking = Task { [configuration] in await configuration.signOfLife(until: .now + .seconds(60)) }
        try await eventually { Files.modificationTime(of: directory.path + "/ping") != nil }
        let gateway = try makeGateway()
        let running = Task { try await gateway.run() }
        #expect(await asking.value == .given)
        try await eventually { Files.modificationTime(of: directory.path + "/audit") == nil }
        running.cancel()
        _ = try? await running.value
        withExtendedLifetime(lock) {}
    }

    @Test("a daemon runs although the run directory had no room for its name")
    func noRoomForName() throws {
        let lock = try StateLock(directory.path + "/lock", purpose: "run")
        #expect(configuration.isDaemonRunning)
        #expect(truncate(directory.path + "/lock", 0) == 0)
        #expect(configuration.isDaemonRunning)
        withExtendedLifetime(lock) {}
    }

    private func eventually(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            try #require(ContinuousClock.now < end, "it did not come true within 60 s")
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
