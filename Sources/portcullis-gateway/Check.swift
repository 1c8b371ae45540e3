import ArgumentParser
import Foundation
import GatewaySync

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether this gateway does its work, for monitors.",
        discussion: """
            Looks at the daemon, at what it told last, and at the kernel itself: nftables, IPVS and the sync daemons must be \
            what the export in force and the role make of them. Needs CAP_NET_ADMIN; writes nothing to the kernel.

            EXIT STATUS: 0 healthy; 3 degraded: it serves, but ADMIN is away, an export is held back, the kernel refuses a \
            step or the disk fails; 4 waiting: there was no export yet; 5 the kernel is out of line; 6 the daemon hangs; \
            7 it does not run; 1 it cannot be told.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Seconds that the daemon may take to bring the kernel into line; it is asked to look at once.",
            valueName: "seconds"))
    var wait = 0

    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = Status.Output.text

    func run() async throws {
        let configuration = try settings.load()
        let end = ContinuousClock.now + .seconds(wait)
        var health = try health(configuration)
        while health.verdict == .outOfLine || health.verdict == .waiting, ContinuousClock.now < end {
            configuration.askForAudit()
            try await Task.sleep(for: .milliseconds(500))
            health = try self.health(configuration)
        }
        switch output {
        case .text: print(health.text)
        case .json: print(String(decoding: try JSONEncoder().encode(health), as: UTF8.self))
        }
        if health.verdict != .healthy { throw ExitCode(health.verdict.exitStatus) }
    }

    private func health(_ configuration: GatewayConfiguration) throws -> GatewayHealth {
        let isRunning = StateLock.holder(of: configuration.runDirectory + "/lock") != nil
        let role = try configuration.currentRole()
        let status = try GatewayStatus.load(runDirectory: configuration.runDirectory)?.status
        return GatewayHealth(
            status, role: role, isRunning: isRunning, now: WallClock.seconds, patience: configuration.patience,
            deviations: isRunning ? try deviations(configuration, role) : [])
    }

    /// How the kernel differs from what it should be, in words.
    private func deviations(_ configuration: GatewayConfiguration, _ role: GatewayRole) throws -> [String] {
        let kernel = try NetlinkKernel()
        var deviations =
            configuration.sync.interface == nil ? [] : try kernel.deviations(from: configuration.sync.wanted(as: role))
        let directory = configuration.stateDirectory
        if let state = try StateDirectory.loadState(of: directory), let digest = state.export,
            let export = try StateDirectory.loadExport(digest, from: directory)
        {
            let synchronizer = Synchronizer(Reconciler(state, configuration), kernel: kernel)
            try synchronizer.adopt(export)
            deviations += try synchronizer.plan(now: WallClock.seconds)?.lines ?? []
        }
        return deviations
    }
}
