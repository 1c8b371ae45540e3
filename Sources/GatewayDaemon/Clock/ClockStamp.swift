/// The clocks when a file was written. With it, wall times in the file can be converted to the boot clock, even if
/// the wall clock was set in the meantime.
struct ClockStamp: Codable, Sendable, Hashable {
    var bootID: String
    /// Seconds since the boot.
    var boot: Int
    /// Seconds since 1970.
    var wall: Int

    /// Wall times that are accepted from a file: up to the year 36812, so that sums of a few of them do not overflow.
    static let plausible = 0...(1 << 40)

    init(_ reading: ClockReading) {
        bootID = reading.bootID
        boot = reading.boot
        wall = reading.wall
    }

    var isPlausible: Bool { Self.plausible.contains(boot) && Self.plausible.contains(wall) }

    /// Seconds to add to a wall time in the file to get a time of the boot clock of `now`.
    ///
    /// If the file was written during another boot, only the wall clock connects the two.
    func offsetToBoot(_ now: ClockReading) -> Int { bootID == now.bootID ? boot - wall : -now.wallOffset }

    /// A deadline in the file as a time of the boot clock. The remaining time is never longer than it was when the
    /// file was written.
    func deadline(_ wallTime: Int, _ now: ClockReading) -> Int {
        let moment = wallTime + offsetToBoot(now)
        return bootID == now.bootID ? moment : min(moment, now.boot + max(wallTime - wall, 0))
    }
}
