package import Foundation
import Synchronization

/// A clock that stands until it is moved.
package final class TestClock: Sendable {
    private let seconds = Mutex(1_800_000_000.0)
    private let elapsed = Mutex(Duration.zero)

    package init() {}

    package var now: @Sendable () -> Date {
        { Date(timeIntervalSince1970: self.seconds.withLock { $0 }) }
    }

    package var uptime: @Sendable () -> Duration { { self.elapsed.withLock { $0 } } }

    package func advance(by seconds: Double) {
        self.seconds.withLock { $0 += seconds }
        elapsed.withLock { $0 += .seconds(seconds) }
    }

    /// Sets the clock, as an operator or NTP does: no time passes.
    package func set(by seconds: Double) { self.seconds.withLock { $0 += seconds } }
}
