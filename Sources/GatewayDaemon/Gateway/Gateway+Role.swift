import Logging
import ServiceSupport

extension Gateway {
    /// Takes the role in force, at the start, when it has changed, and with each audit.
    func assumeRole() {
        do {
            let (role, changes) = try configuration.assumeRole(on: kernel)
            for line in changes { logger.info("\(line)", metadata: ["event": "sync-daemon"]) }
            if role.rawValue != status.role {
                logger.notice("this gateway is \(role) now; it was \(status.role)", metadata: ["event": "role"])
            }
            status.role = role.rawValue
            status.syncDaemons = configuration.sync.wanted(as: role).map(\.words)
            solved("role")
        } catch {
            problem("role", "connections are not carried over as the role wants: \(error)")
        }
    }

    /// Does what other programs signal by files in the run directory.
    func followSignals(_ signals: AsyncStream<RunDirectoryWatch.Signal>) async {
        for await signal in signals {
            switch signal {
            case .role:
                assumeRole()
                writeStatus()
                writeMetrics()
            case .audit: if take(signal) { requestAudit() }
            case .ping: answer()
            }
        }
    }

    /// Gives a sign of life: the status as it is now, then the signal's removal. A status that is older than that
    /// cannot be written, and says nothing of how the polls go.
    private func answer() {
        guard Files.modificationTime(of: path(of: .ping)) != nil else { return }
        writeStatus()
        _ = take(.ping)
    }

    private func path(of signal: RunDirectoryWatch.Signal) -> String { "\(configuration.runDirectory)/\(signal)" }

    /// Removes a signal; whether there was one. Removing it raises another inotify event.
    private func take(_ signal: RunDirectoryWatch.Signal) -> Bool {
        let path = path(of: signal)
        guard Files.modificationTime(of: path) != nil else { return false }
        Files.remove(path)
        return true
    }
}
