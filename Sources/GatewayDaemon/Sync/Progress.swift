import Synchronization

/// When the daemon last made progress, for the task that signs life to systemd. That task runs on another thread, so
/// a load that takes minutes but makes progress is not taken for a hung daemon.
final class Progress: Sendable {
    private let last = Mutex(ContinuousClock.now)

    /// Records progress: a poll has ended, or a batch of changes was carried out.
    func made() { last.withLock { $0 = .now } }

    /// The time since the last progress.
    var age: Duration { last.withLock { .now - $0 } }
}
