/// What came of a poll.
enum PollResult: Sendable {
    case failed
    /// `held`: ADMIN held the answer back for as long as it was asked to.
    case unchanged(held: Bool)
    case changed(held: Bool)

    /// Between two polls even where ADMIN holds its answers: one that answers at once for ever keeps no processor busy.
    private static let shortest = Duration.milliseconds(20)

    /// How long to wait for the next poll. A held answer has been waited for already.
    func pause(after elapsed: Duration, interval: Duration) -> Duration {
        switch self {
        case .changed(held: true): Self.shortest
        case .unchanged(held: true) where elapsed >= interval: Self.shortest
        case .failed, .unchanged, .changed: max(interval - elapsed, Self.shortest)
        }
    }
}
