/// What others leave for the daemon in its run directory, where it opens no socket to be spoken to.
extension GatewayConfiguration {
    /// Whether a daemon holds the lock; `sync` and `flush` hold it too, for their moment.
    public var isDaemonRunning: Bool {
        guard let holder = StateLock.holder(of: runDirectory + "/lock") else { return false }
        // Other commands hold the lock for a moment only.
        return holder.purpose ?? "run" == "run"
    }

    /// Asks the daemon to look at IPVS and the sync daemons now. Nothing is lost where it cannot be asked.
    public func askForAudit() { _ = leave(.audit) }

    /// Whether the daemon gives a sign of life in time. One that hangs, or was stopped, gives none; whom the run directory
    /// lets leave no letter, cannot tell.
    public func isDaemonAnswering(until end: ContinuousClock.Instant) async -> Bool {
        guard isDaemonRunning, let path = leave(.ping) else { return true }
        while Files.modificationTime(of: path) != nil {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// - Returns: where the letter is; `nil` when it could not be left.
    private func leave(_ letter: RunDirectoryWatch.Letter) -> String? {
        let path = "\(runDirectory)/\(letter)"
        return (try? Files.replace(path, with: [], isDurable: false)) == nil ? nil : path
    }
}
