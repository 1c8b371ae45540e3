import Glibc

/// Instants in microseconds of a clock that never jumps, and that goes on while the machine sleeps.
enum Instant {
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }
}

extension Int {
    /// Microseconds as whole milliseconds.
    var milliseconds: Int { self / 1_000 }
}
