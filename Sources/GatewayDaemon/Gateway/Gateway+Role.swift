import Logging
import ServiceSupport

extension Gateway {
    /// Assumes the current role: at the start, whenever it has changed, and with each audit.
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

    /// Handles the signals that other programs leave as files in the run directory.
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

    /// Answers a ping: writes the current status, then removes the signal. If the status is older than the ping
    /// afterwards, it could not be written, and tells nothing about the polls.
    private func answer() {
        guard Files.modificationTime(of: path(of: .ping)) != nil else { return }
        writeStatus()
        _ = take(.ping)
    }

    private func path(of signal: RunDirectoryWatch.Signal) -> String { "\(configuration.runDirectory)/\(signal)" }

    /// Removes a signal and returns whether there was one. Removing it raises another inotify event.
    private func take(_ signal: RunDirectoryWatch.Signal) -> Bool {
        let path = path(of: signal)
        guard Files.modificationTime(of: path) != nil else { return false }
        Files.remove(path)
        return true
    }
}
