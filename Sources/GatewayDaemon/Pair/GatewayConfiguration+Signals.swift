import ServiceSupport

/// How other programs signal the daemon: by files in its run directory. It opens no socket for them.
extension GatewayConfiguration {
    /// Whether a daemon holds the lock; `sync` and `flush` hold it too, for their moment.
    public var isDaemonRunning: Bool {
        guard let holder = StateLock.holder(of: runDirectory + "/lock") else { return false }
        // Other commands hold the lock for a moment only.
        return holder.purpose ?? "run" == "run"
    }

    /// Asks the daemon to look at IPVS and the sync daemons now. Nothing is lost where it cannot be asked.
    public func askForAudit() { _ = leave(.audit) }

    /// Asks the daemon for a sign of life. A daemon that hangs, or was stopped, gives none in time. A caller that may not
    /// write into the run directory gets `.unknown`. A daemon that answers has written its status before, if it can.
    public func signOfLife(until end: ContinuousClock.Instant) async -> SignOfLife {
        guard isDaemonRunning, let path = leave(.ping) else { return .unknown }
        while Files.modificationTime(of: path) != nil {
            guard ContinuousClock.now < end else { return .missing }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return .given
    }

    /// - Returns: where the signal is; `nil` when it could not be left.
    private func leave(_ signal: RunDirectoryWatch.Signal) -> String? {
        let path = "\(runDirectory)/\(signal)"
        return (try? Files.replace(path, with: [], isDurable: false)) == nil ? nil : path
    }
}
