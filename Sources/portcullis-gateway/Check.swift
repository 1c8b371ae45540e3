import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon
import GatewaySync
import ServicesExport

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check whether this gateway does its work, for monitors.",
        discussion: """
            Asks the daemon to answer, reads its last status, and looks at the kernel itself: our table with its \
            chains, rules and sets, the number of virtual services, and the sync daemons of this role. That costs \
            little however large the export is. With --thorough it compares each element and each real server too, as \
            the daemon does every audit-interval. Needs CAP_NET_ADMIN; writes nothing to the kernel.

            EXIT STATUS: 0 healthy; 3 degraded: it serves, but ADMIN cannot be reached, an export is held back, the \
            kernel refuses a step, or a disk fails (also that of the run directory); 4 waiting: there was no export \
            yet; 5 the kernel does not match the export; 6 the daemon hangs; 7 the daemon does not run; 1 the check \
            itself failed.

            --output env prints, for scripts, a line each of STATE= (healthy, degraded, waiting, out-of-line, hung, \
            stopped, in the order above), ROLE= (active, passive) and REASON=, to the end of the line, without quotes.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json, env
    }

    @OptionGroup var settings: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Seconds the daemon may take to make the kernel match the export, and to answer (at least 5).",
            valueName: "seconds"))
    var patience = 10

    @Flag(help: "Compare each element and real server.")
    var thorough = false

    @Option(name: .shortAndLong, help: ArgumentHelp("text, json or env.", valueName: "format"))
    var output = Output.text

    func run() async throws {
        let configuration = try settings.load()
        let start = ContinuousClock.now
        let end = start + .seconds(patience)
        // A busy machine needs time for any answer.
        let asked = ClockReading.now
        let answer = await configuration.signOfLife(until: max(end, start + .seconds(5)))
        var health = try health(configuration, answer, asked)
        while health.verdict == .outOfLine, ContinuousClock.now < end {
            configuration.askForAudit()
            try await Task.sleep(for: .milliseconds(200))
            health = try self.health(configuration, answer, asked)
        }
        switch output {
        case .text: try StandardOutput.write(health.text)
        case .json: try StandardOutput.write(String(decoding: try JSONEncoder().encode(health), as: UTF8.self))
        case .env: try StandardOutput.write(health.environment)
        }
        if health.verdict != .healthy { throw ExitCode(health.verdict.exitStatus) }
    }

    private func health(
        _ configuration: GatewayConfiguration, _ answer: SignOfLife, _ asked: ClockReading
    ) throws -> GatewayHealth {
        let isRunning = configuration.isDaemonRunning
        let role = try configuration.currentRole()
        let status = try GatewayStatus.load(runDirectory: configuration.runDirectory, at: .now)?.status
        return GatewayHealth(
            status, role: role, isRunning: isRunning, answer: answer, asked: asked,
            now: ClockReading.now.boot, patience: configuration.patience,
            deviations: isRunning ? try deviations(configuration, role, status) : [])
    }

    /// Settings that the daemon has yet to correct. Those that it cannot change are in its status.
    private func settings(
        _ configuration: GatewayConfiguration, _ kernel: NetlinkKernel, _ status: GatewayStatus?
    ) throws -> [String] {
        let requirements = SettingRequirement.all(configuration, forwarding: [], isTracking: nil)
        let steps = SettingRequirement.compare(requirements, with: try kernel.settings(of: requirements)).steps
        let told = Set(status?.settings.map(\.name) ?? [])
        return steps.filter { !told.contains("\($0.setting)") }.map(\.description)  // exact: a set of our own names
    }

    /// How the kernel differs from the desired state, in words.
    private func deviations(
        _ configuration: GatewayConfiguration, _ role: GatewayRole, _ status: GatewayStatus?
    ) throws -> [String] {
        let kernel = try NetlinkKernel(configuration.tableOwnerForReading)
        let others =
            try settings(configuration, kernel, status)
            + (configuration.sync.interface == nil
                ? [] : try kernel.deviations(from: configuration.sync.wanted(as: role)))
        let directory = configuration.stateDirectory
        guard let state = try StateDirectory.loadState(of: directory, at: .now), let digest = state.export else {
            return others
        }
        // The status of another export has a different count: the daemon could not write its latest status.
        guard thorough || status?.export.map({ $0.etag != digest.etag }) ?? false else {
            let glance = try kernel.glance(Ownership(addresses: state.addresses, marks: configuration.marks))
            return others + glance.deviations(services: status?.export?.virtualServices ?? 0)
        }
        guard let export = try StateDirectory.loadExport(digest, from: directory) else { return others }
        let synchronizer = Synchronizer(Reconciler(state, configuration), kernel: kernel)
        try synchronizer.adopt(export)
        try synchronizer.assumeVerdicts(of: directory, status, at: .now)
        return others + (try synchronizer.plan(now: ClockReading.now.boot)?.lines ?? [])
    }
}
