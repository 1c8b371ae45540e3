import Glibc
import ServiceSupport

/// The machine's clocks, read together.
///
/// Deadlines and ages are counted on the boot clock (CLOCK_BOOTTIME): nobody can set it, it runs while the machine is
/// suspended, and every process reads the same value. The wall clock, which may jump, is for files and for people.
public struct ClockReading: Sendable, Hashable {
    /// Seconds since the machine was booted.
    public var boot: Int
    /// Milliseconds since the machine was booted.
    public var bootMilliseconds: Int
    /// Seconds since 1970. Rounded so that the difference from `boot` is the same in each reading.
    public var wall: Int
    /// The kernel's identifier of this boot. Boot seconds of another boot have no meaning here.
    public var bootID: String

    /// - Parameter bootMilliseconds: `nil`: those of `boot`.
    public init(boot: Int, bootMilliseconds: Int? = nil, wall: Int, bootID: String) {
        self.boot = boot
        self.bootMilliseconds = bootMilliseconds ?? boot * 1_000
        self.wall = wall
        self.bootID = bootID
    }

    /// Reads both clocks. Cost: two calls of the vDSO.
    public static var now: Self {
        var (boot, wall) = (timespec(), timespec())
        clock_gettime(CLOCK_BOOTTIME, &boot)
        clock_gettime(CLOCK_REALTIME, &wall)
        // The seconds of the two clocks begin at different moments. Without the nanoseconds, the difference between
        // the clocks would vary by 1 from one reading to the next.
        let offset = wall.tv_sec - boot.tv_sec
        let fraction = wall.tv_nsec - boot.tv_nsec
        let carry = fraction >= 500_000_000 ? 1 : fraction < -500_000_000 ? -1 : 0
        return Self(
            boot: boot.tv_sec, bootMilliseconds: boot.tv_sec * 1_000 + boot.tv_nsec / 1_000_000,
            wall: boot.tv_sec + offset + carry, bootID: kernelBootID)
    }

    /// Seconds to add to a time of the boot clock to get the wall clock's.
    var wallOffset: Int { wall - boot }

    private static let kernelBootID: String = {
        let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id")).flatMap { $0 } ?? []
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }()
}
