import Glibc
import ServiceSupport

/// The machine's clocks, read together.
///
/// Deadlines and ages are counted on the boot clock (CLOCK_BOOTTIME): nobody can set it, it goes on while the machine
/// is suspended, and every process reads the same. The wall clock, which may jump, is for files and for people.
public struct ClockReading: Sendable, Hashable {
    /// Seconds since the machine was booted.
    public var boot: Int
    /// Seconds since 1970, to the nearest by the boot clock's seconds.
    public var wall: Int
    /// The kernel's name for this run of the machine: boot seconds of another run mean nothing here.
    public var bootID: String

    public init(boot: Int, wall: Int, bootID: String) {
        self.boot = boot
        self.wall = wall
        self.bootID = bootID
    }

    /// Both clocks now. Cost: two calls of the vDSO.
    public static var now: Self {
        var (boot, wall) = (timespec(), timespec())
        clock_gettime(CLOCK_BOOTTIME, &boot)
        clock_gettime(CLOCK_REALTIME, &wall)
        // Their seconds begin at different moments: without the nanoseconds, what lies between them would differ by 1
        // from one reading to the next.
        let offset = wall.tv_sec - boot.tv_sec
        let fraction = wall.tv_nsec - boot.tv_nsec
        let carry = fraction >= 500_000_000 ? 1 : fraction < -500_000_000 ? -1 : 0
        return Self(boot: boot.tv_sec, wall: boot.tv_sec + offset + carry, bootID: kernelBootID)
    }

    /// Seconds that lead from a moment of the boot clock to the wall clock's word for it.
    var wallOffset: Int { wall - boot }

    private static let kernelBootID: String = {
        let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id")).flatMap { $0 } ?? []
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }()
}
