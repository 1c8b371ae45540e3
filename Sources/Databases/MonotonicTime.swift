import Glibc

/// The time by a clock that nobody sets.
enum MonotonicTime {
    static var seconds: Int { now.tv_sec }

    static var milliseconds: Int { now.tv_sec * 1_000 + now.tv_nsec / 1_000_000 }

    private static var now: timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time
    }
}
