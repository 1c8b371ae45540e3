import Synchronization

/// A clock that stands until it is moved.
final class TestClock: Sendable {
    private let seconds = Mutex(1_000)

    /// Seconds since 1970.
    var now: @Sendable () -> Int { { self.seconds.withLock { $0 } } }

    func advance(by seconds: Int) { self.seconds.withLock { $0 += seconds } }
}
