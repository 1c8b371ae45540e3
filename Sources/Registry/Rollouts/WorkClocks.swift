import Cloud
import ServiceSupport
import Synchronization

/// The clocks of rollouts, or of moves: seconds that only pass while an ADMIN runs, however the wall clock is set. Each
/// goes on from where it was at the newest commit, so that after a restart nothing has less time than it had then.
final class WorkClocks: Sendable {
    private struct Start {
        var clock: Int
        var uptime: Duration
    }

    private let uptime: @Sendable () -> Duration
    private let starts = Mutex<[String: Start]>([:])

    init(uptime: @escaping @Sendable () -> Duration) { self.uptime = uptime }

    /// What the clock of a rollout says now.
    func now(of rollout: ServiceRollout) -> Int { now(of: rollout.id, committed: rollout.clock) }

    /// What the clock of a move says now.
    func now(of move: RecordedMove) -> Int { now(of: move.clockName, committed: move.clock) }

    private func now(of name: String, committed clock: Int) -> Int {
        let uptime = uptime()
        return starts.withLock { starts in
            if let start = starts[name] {
                let now = start.clock + Int((uptime - start.uptime) / .seconds(1))
                if now >= clock { return now }
            }
            starts[name] = Start(clock: clock, uptime: uptime)
            return clock
        }
    }

    /// Forgets all but those of some rollouts.
    func keep(rollouts ids: Set<String>) { keep(ids) }

    /// Forgets all but those of some moves.
    func keep(_ moves: [RecordedMove]) { keep(Set(moves.map(\.clockName))) }

    private func keep(_ names: Set<String>) {
        starts.withLock { starts in starts = starts.filter { names.contains($0.key) } }
    }
}

extension RecordedMove {
    /// What tells it from an earlier move of the same service.
    fileprivate var clockName: String { "\(service) \(createdAt)" }
}
