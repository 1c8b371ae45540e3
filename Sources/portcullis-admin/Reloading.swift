import Admin
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the settings and the TLS files again at SIGHUP. What is wrong with them is told in the log, and all stays as it was.
struct Reloading: Service, CustomStringConvertible {
    let started: AdminSettings
    let source: SettingsSource
    let admin: AdminApplication
    let upkeep: RegistryUpkeep
    let level: LogLevel
    let logger: Logger

    /// For the log, which else has all members.
    var description: String { "Reloading" }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { reload() }
    }

    private func reload() {
        do {
            let settings = try source.read()
            if started.tls != nil, let tls = settings.tls { try admin.reloadTLS(try tls.load()) }
            upkeep.reload(settings.retention)
            level.current = settings.logLevel
            let pending = settings.needingRestart(from: started)
            logger.notice(
                "settings and TLS files were read again",
                metadata: pending.isEmpty ? [:] : ["need a restart": "\(pending.joined(separator: ", "))"])
        } catch {
            logger.error("settings cannot be read again; all stays as it was", metadata: ["error": "\(error)"])
        }
    }
}
