import AdminClient
import Foundation
public import Logging
import ServiceLifecycle
import UnixSignals

extension Gateway {
    /// Follows ADMIN's export until SIGTERM or SIGINT: the daemon.
    /// - Parameters:
    ///   - kernel: opens the kernel to write to.
    ///   - program: the version of the program, for ADMIN.
    public static func follow(
        _ configuration: GatewayConfiguration, kernel: () throws -> sending any Kernel, program: String, logger: Logger
    ) async throws {
        let source = try AdminExportSource(configuration)
        do {
            try await follow(configuration, source, try kernel(), program, logger)
        } catch {
            await source.shutdown()
            throw error
        }
        await source.shutdown()
    }

    private static func follow(
        _ configuration: GatewayConfiguration, _ source: AdminExportSource, _ kernel: sending any Kernel,
        _ program: String, _ logger: Logger
    ) async throws {
        let gateway = try Gateway(
            configuration, source: source, kernel: kernel,
            store: try StateDirectory(configuration.stateDirectory),
            environment: ProcessInfo.processInfo.environment, process: getpid(), logger: logger,
            eventLoops: source.eventLoops, reports: (source, program),
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
