import Synchronization

/// When the daemon last got on with its work, for the task that signs life to systemd: that one runs elsewhere, so a
/// load of minutes that does get on is not taken for a daemon that hangs.
final class Progress: Sendable {
    private let last = Mutex(ContinuousClock.now)

    /// A poll has ended, or a batch of changes was carried out.
    func made() { last.withLock { $0 = .now } }

    /// How long ago that was.
    var age: Duration { last.withLock { .now - $0 } }
}
