import Glibc
import Supervision

extension Moment {
    /// This moment.
    static var now: Moment {
        var monotonic = timespec()
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        return Moment(milliseconds: monotonic.tv_sec * 1_000 + monotonic.tv_nsec / 1_000_000, wall: time(nil))
    }
}
