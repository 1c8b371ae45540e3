/// Since when a channel fails, and when it is tried again.
struct ChannelOutage: Sendable, Hashable {
    private var since: Duration?
    private var nextTry: Duration?

    /// Notes a failure.
    /// - Parameter pause: the time until the channel is tried again.
    mutating func note(at now: Duration, pause: Duration) {
        since = since ?? now
        nextTry = now + pause
    }

    /// The channel works.
    mutating func end() { (since, nextTry) = (nil, nil) }

    /// How much of a time is left until the channel has failed for so long.
    func left(of time: Duration, at now: Duration) -> Duration { max(.zero, time - (since.map { now - $0 } ?? .zero)) }

    func hasLasted(_ time: Duration, at now: Duration) -> Bool { since.map { now - $0 >= time } ?? false }

    /// Whether it is not to be tried yet.
    func isResting(at now: Duration) -> Bool { nextTry.map { now < $0 } ?? false }
}
