import Logging

extension Gateway {
    /// Takes the role in force, at the start, when it has changed, and with each audit.
    func assumeRole() {
        do {
            let (role, changes) = try configuration.assumeRole(on: kernel, logger: logger)
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
            case .audit where Files.modificationTime(of: "\(configuration.runDirectory)/\(letter)") != nil:
                Files.remove("\(configuration.runDirectory)/\(letter)")
                audit()
            case .audit: continue
            }
        }
    }
}
