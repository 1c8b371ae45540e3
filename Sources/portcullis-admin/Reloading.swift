import Admin
import Logging
import Registry
import ServiceLifecycle
import ServiceSupport
import UnixSignals

/// Reads the settings and the TLS files again on SIGHUP. If they have faults, logs these and changes nothing.
struct Reloading: Service, CustomStringConvertible {
    let started: AdminSettings
    let source: SettingsSource
    let admin: AdminApplication
    let registry: Registry
    let upkeep: RegistryUpkeep
    let versions: VersionKeeper
    let courier: NoticeCourier
    let deadMan: DeadMan
    let endWatch: EndWatch
    let serverWatch: ServerWatch
    let level: LogLevel
    let logger: Logger

    /// The name in the log, which would otherwise show all members.
    var description: String { "Reloading" }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { await reload() }
    }

    private func reload() async {
        do {
            let settings = try source.read()
            let tls = started.tls == nil ? nil : try settings.tls?.load()
            try await courier.reload(settings.channels)
            if let tls { try admin.reloadTLS(tls) }
            await deadMan.reload(settings.deadManURL)
            serverWatch.reload(share: settings.lostShare)
            upkeep.reload(settings.retention)
            versions.reload(settings.versions)
            level.current = settings.logLevel
            let pending = settings.needingRestart(from: started)
            logger.notice(
                "settings and TLS files were read again",
                metadata: pending.isEmpty ? [:] : ["need a restart": "\(pending.joined(separator: ", "))"])
            await endWatch.reload(certificate: started.tls == nil ? nil : settings.tls?.certificate)
            await warnOfRestart(with: settings)
        } catch {
            logger.error("settings cannot be read again; all stays as it was", metadata: ["error": "\(error)"])
        }
    }

    /// Warns if a start with these settings would be refused, before anybody stops the running server.
    private func warnOfRestart(with settings: AdminSettings) async {
        do {
            try settings.checkListening(hasTokens: try await !registry.tokens.isEmpty())
        } catch let error as SettingsError {
            logger.error("a restart would be refused", metadata: ["error": "\(error)"])
        } catch {
            logger.error("whether a restart would be refused is not known", metadata: ["error": "\(error)"])
        }
    }
}
