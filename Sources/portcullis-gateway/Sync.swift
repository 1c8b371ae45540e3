import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon
import GatewaySync
import Logging
import ServicesExport

struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the kernel match the export once (for cron), or show the steps.",
        discussion: """
            Does what one poll of the daemon does, drains included: a server that left the export gets weight 0 now, \
            and a later run removes it. With --plan it writes nothing and prints the steps in their order; the exit \
            status is 2 when there are any.
            """)

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "Print the steps instead of taking them; exit status 2 when there are any.")
    var plan = false

    @OptionGroup var export: ExportOptions

    @Flag(help: "With --plan: assume an empty kernel; needs no privileges.")
    var emptyKernel = false

    @Flag(help: "Print the milliseconds that each phase took, as JSON.")
    var timing = false

    func validate() throws {
        if emptyKernel, !plan { throw ValidationError("--empty-kernel goes with --plan") }
        if timing, plan { throw ValidationError("--timing does not go with --plan") }
    }

    func run() async throws {
        let configuration = try settings.load()
        if plan {
            try await printPlan(configuration)
        } else {
            try await synchronize(configuration)
        }
    }

    private func printPlan(_ configuration: GatewayConfiguration) async throws {
        guard case .export(let bytes, _, _) = try await export.fetch(configuration) else { return }
        let steps = emptyKernel ? try load(of: bytes, configuration) : try steps(to: bytes, configuration)
        guard !steps.isEmpty else {
            try StandardOutput.write("nothing to do")
            return
        }
        try StandardOutput.write(steps.joined(separator: "\n"))
        throw ExitCode(2)
    }

    /// The steps for a kernel that holds nothing of ours.
    private func load(of bytes: [UInt8], _ configuration: GatewayConfiguration) throws -> [String] {
        var reconciler = Reconciler(StoredState(), configuration)
        reconciler.observe(KernelState())
        try reconciler.adopt(bytes)
        return reconciler.plan(now: ClockReading.now.boot)?.lines ?? []
    }

    /// The steps for the present kernel.
    private func steps(to bytes: [UInt8], _ configuration: GatewayConfiguration) throws -> [String] {
        let directory = configuration.stateDirectory
        let state = try StateDirectory.loadState(of: directory, at: .now) ?? StoredState()
        let synchronizer = Synchronizer(
            Reconciler(state, configuration), kernel: try NetlinkKernel(configuration.tableOwnerForReading))
        // The services of an earlier export are ours, and are removed if this one does not have them.
        if let digest = state.export, let earlier = try StateDirectory.loadExport(digest, from: directory) {
            try synchronizer.adopt(earlier)
        }
        try synchronizer.adopt(bytes)
        let status = try GatewayStatus.load(runDirectory: configuration.runDirectory, at: .now)?.status
        try synchronizer.assumeVerdicts(of: directory, status, at: .now)
        return try settingSteps(configuration, synchronizer)
            + (synchronizer.plan(now: ClockReading.now.boot)?.lines ?? [])
    }

    /// The settings that would be corrected. Prints those that Portcullis may not change.
    private func settingSteps(
        _ configuration: GatewayConfiguration, _ synchronizer: Synchronizer
    ) throws -> [String] {
        let requirements = SettingRequirement.all(configuration, for: synchronizer.reconciler.desired)
        let (steps, deviations) = SettingRequirement.compare(
            requirements, with: try NetlinkKernel().settings(of: requirements))
        for deviation in deviations { StandardError.write("\(deviation)") }
        return steps.map(\.description)
    }

    private func synchronize(_ configuration: GatewayConfiguration) async throws {
        let lock = try configuration.lock(for: "sync")
        let kernel = try NetlinkKernel(configuration.tableOwner())
        let store = try StateDirectory(configuration.stateDirectory)
        let admin = export.file == nil ? try AdminExportSource(configuration) : nil
        let source: any ExportSource = admin ?? FileExportSource(export.file ?? "-")
        let gateway: Gateway
        do {
            gateway = try Gateway(
                configuration, source: source, kernel: kernel, store: store, environment: [:], process: getpid(),
                mode: .once, logger: settings.makeLogger(configuration))
        } catch {
            await admin?.shutdown()
            throw error
        }
        await gateway.synchronize()
        await admin?.shutdown()
        let status = await gateway.status
        if timing { try StandardOutput.write(Timing(await gateway.lastParse, await gateway.lastOutcome).json) }
        withExtendedLifetime(lock) {}
        // The error is already in the log.
        if !status.isSynchronized || status.poll?.error != nil { throw ExitCode.failure }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
