import NIOCore

/// The clock that determines how long an address rests after a failure. Tests replace it.
package struct AdminConnectorClock: Sendable {
    /// A time that only goes forward, with an arbitrary beginning.
    package var now: @Sendable () -> Duration
    /// A random number from 0 to 1, so that clients that lost an ADMIN at the same time do not return at the same
    /// time.
    package var jitter: @Sendable () -> Double

    package init(now: @escaping @Sendable () -> Duration, jitter: @escaping @Sendable () -> Double) {
        self.now = now
        self.jitter = jitter
    }

    /// The system's clock and random numbers.
    package static let system = Self(
        now: { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }, jitter: { .random(in: 0...1) })
}
