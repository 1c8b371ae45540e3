import Cloud
import ServiceSupport
import Synchronization

/// The clocks of rollouts: seconds that only pass while an ADMIN runs, however the wall clock is set. Each goes on from
/// where it was at the rollout's newest commit, so that after a restart nothing has less time than it had then.
final class RolloutClocks: Sendable {
    private struct Start {
        var clock: Int
        var uptime: Duration
    }

    private let uptime: @Sendable () -> Duration
    private let starts = Mutex<[String: Start]>([:])

    init(uptime: @escaping @Sendable () -> Duration) { self.uptime = uptime }

    /// What the clock of a rollout says now.
    func now(of rollout: ServiceRollout) -> Int {
        let uptime = uptime()
        return starts.withLock { starts in
            if let start = starts[rollout.id] {
                let now = start.clock + Int((uptime - start.uptime) / .seconds(1))
                if now >= rollout.clock { return now }
            }
            starts[rollout.id] = Start(clock: rollout.clock, uptime: uptime)
            return rollout.clock
        }
    }

    /// Forgets all but those of some rollouts.
    func keep(_ ids: Set<String>) { starts.withLock { starts in starts = starts.filter { ids.contains($0.key) } } }
}
