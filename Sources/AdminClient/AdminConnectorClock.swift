import NIOCore

/// What tells how long an address that failed rests; tests set it as they like.
package struct AdminConnectorClock: Sendable {
    /// Time that only goes forward, from any start.
    package var now: @Sendable () -> Duration
    /// 0 to 1, by chance: so that clients that lost an ADMIN together do not come back together.
    package var jitter: @Sendable () -> Double

    package init(now: @escaping @Sendable () -> Duration, jitter: @escaping @Sendable () -> Double) {
        self.now = now
        self.jitter = jitter
    }

    package static let system = Self(
        now: { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }, jitter: { .random(in: 0...1) })
}
