import Logging

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

    /// Does what is left for it in the run directory.
    func followLetters(_ letters: AsyncStream<RunDirectoryWatch.Letter>) async {
        for await letter in letters {
            switch letter {
            case .role:
                assumeRole()
                writeStatus()
                writeMetrics()
            case .audit: if take(letter) { requestAudit() }
            case .ping: answer()
            }
        }
    }

    /// Gives a sign of life: the status as it is now, then the letter's removal. A status that is older than that cannot be
    /// written, and says nothing of how the polls go.
    private func answer() {
        guard Files.modificationTime(of: path(of: .ping)) != nil else { return }
        writeStatus()
        _ = take(.ping)
    }

    private func path(of letter: RunDirectoryWatch.Letter) -> String { "\(configuration.runDirectory)/\(letter)" }

    /// Takes a letter away; whether there was one. That it was taken away is told, too.
    private func take(_ letter: RunDirectoryWatch.Letter) -> Bool {
        let path = path(of: letter)
        guard Files.modificationTime(of: path) != nil else { return false }
        Files.remove(path)
        return true
    }
}
