import GatewayDaemon
import GatewaySync
import Synchronization

/// Clocks that stand until they are moved.
final class TestClock: Sendable {
    private let reading = Mutex(ClockReading(boot: 1_000, wall: 1_700_000_000, bootID: "first"))

    var read: @Sendable () -> ClockReading { { self.reading.withLock { $0 } } }

    /// Lets time pass.
    func advance(by seconds: Int) {
        reading.withLock { reading in
            reading.boot += seconds
            reading.wall += seconds
        }
    }

    /// Sets the wall clock, as `date -s` does.
    func setWall(forwardBy seconds: Int) { reading.withLock { $0.wall += seconds } }

    /// Starts the machine anew.
    func reboot(after seconds: Int, id: String = "second") {
        reading.withLock { $0 = ClockReading(boot: 20, wall: $0.wall + seconds, bootID: id) }
    }
}
