/// The result of a poll.
enum PollResult: Sendable {
    case failed
    /// `held`: ADMIN held the answer back for the requested time.
    case unchanged(held: Bool)
    case changed(held: Bool)

    /// The least time between two polls, also where ADMIN holds its answers: an ADMIN that always answers at once
    /// must not keep a processor busy.
    private static let shortest = Duration.milliseconds(20)

    /// How long to wait for the next poll. After a held answer, the wait is already over.
    func pause(after elapsed: Duration, interval: Duration) -> Duration {
        switch self {
        case .changed(held: true): Self.shortest
        case .unchanged(held: true) where elapsed >= interval: Self.shortest
        case .failed, .unchanged, .changed: max(interval - elapsed, Self.shortest)
        }
    }
}
