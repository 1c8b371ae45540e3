import ServiceSupport

/// Signals from other programs to the daemon: files in its run directory, since it opens no socket for them.
extension GatewayConfiguration {
    /// Whether a daemon holds the lock. `sync` and `flush` also hold it while they run, but do not count.
    public var isDaemonRunning: Bool {
        guard let holder = StateLock.holder(of: runDirectory + "/lock") else { return false }
        // Other commands hold the lock only for a moment.
        return holder.purpose ?? "run" == "run"
    }

    /// Requests an immediate audit of IPVS and the sync daemons. If the signal cannot be left, the next audit does
    /// the same work.
    public func askForAudit() { _ = leave(.audit) }

    /// Asks the daemon for a sign of life. A daemon that hangs or was stopped gives none in time. A caller that may
    /// not write to the run directory gets `.unknown`. Before it answers, the daemon writes its status, if it can.
    public func signOfLife(until end: ContinuousClock.Instant) async -> SignOfLife {
        guard isDaemonRunning, let path = leave(.ping) else { return .unknown }
        while Files.modificationTime(of: path) != nil {
            guard ContinuousClock.now < end else { return .missing }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return .given
    }

    /// - Returns: the path of the signal; `nil` if it could not be left.
    private func leave(_ signal: RunDirectoryWatch.Signal) -> String? {
        let path = "\(runDirectory)/\(signal)"
        return (try? Files.replace(path, with: [], isDurable: false)) == nil ? nil : path
    }
}
