import ArgumentParser
import Foundation
import GatewayDaemon
import Logging
import ServiceLifecycle
import UnixSignals

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow the export until told to end (the daemon).",
        discussion: """
            Polls ADMIN, applies what changed, lets servers that left drain, writes status.json to the run directory. Starts \
            from the last good export, so it works with ADMIN away. SIGTERM and SIGINT end it and leave the kernel as it \
            is. Under systemd use Type=notify, with WatchdogSec= if you like. Needs CAP_NET_ADMIN.
            """)

    @OptionGroup var settings: SettingsOptions

    @OptionGroup var kernel: KernelOptions

    func run() async throws {
        let configuration = try settings.load()
        let logger = settings.makeLogger(configuration)
        let lock = try configuration.lock(for: "run")
        let source = try AdminExportSource(configuration)
        do {
            try await follow(configuration, source, try kernel.open(configuration), logger)
        } catch {
            await source.shutdown()
            throw error
        }
        await source.shutdown()
        withExtendedLifetime(lock) {}
    }

    private func follow(
        _ configuration: GatewayConfiguration, _ source: AdminExportSource, _ kernel: sending any Kernel,
        _ logger: Logger
    ) async throws {
        let gateway = try Gateway(
            configuration, source: source, kernel: kernel,
            store: try StateDirectory(configuration.stateDirectory),
            environment: ProcessInfo.processInfo.environment, process: getpid(), logger: logger,
            sleep: source.executor.sleep)
        let url = try configuration.exportURL()
        logger.info("\(configuration.name) follows \(url)")
        var services = ServiceGroupConfiguration(
            services: [gateway], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        services.services[0].successTerminationBehavior = .gracefullyShutdownGroup
        let group = ServiceGroup(configuration: services)
        try await withTaskExecutorPreference(source.executor) { try await group.run() }
    }
}

/// Locks that are held until the process ends.
struct Locks {
    let files: StateLock
    let kernel: WriterLock
}

extension GatewayConfiguration {
    /// Prevents other writers to our files and to the kernel.
    func lock(for purpose: String) throws -> Locks {
        _ = try StateDirectory(runDirectory)
        let locks = Locks(files: try StateLock(runDirectory + "/lock", purpose: purpose), kernel: try WriterLock())
        if let problem = locks.kernel.problem { FileHandle.standardError.write(Data("warning: \(problem)\n".utf8)) }
        return locks
    }
}
