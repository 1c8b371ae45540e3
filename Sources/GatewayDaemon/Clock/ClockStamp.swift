/// The clocks as they stood when a file was written: with it, the wall times in the file lead back to moments of the
/// boot clock, although the wall clock may have been set since.
struct ClockStamp: Codable, Sendable, Hashable {
    var bootID: String
    /// Seconds since the boot.
    var boot: Int
    /// Seconds since 1970.
    var wall: Int

    /// Wall times that are taken from a file: until the year 36812, so that no sum of a few overflows.
    static let plausible = 0...(1 << 40)

    init(_ reading: ClockReading) {
        bootID = reading.bootID
        boot = reading.boot
        wall = reading.wall
    }

    var isPlausible: Bool { Self.plausible.contains(boot) && Self.plausible.contains(wall) }

    /// Seconds from the file's wall times to the boot clock that `now` reads.
    ///
    /// Written in another run of the machine, the wall clock is all that both have in common.
    func offsetToBoot(_ now: ClockReading) -> Int { bootID == now.bootID ? boot - wall : -now.wallOffset }

    /// The moment of a deadline in the file. No more time is left than was left when the file was written.
    func deadline(_ wallTime: Int, _ now: ClockReading) -> Int {
        let moment = wallTime + offsetToBoot(now)
        return bootID == now.bootID ? moment : min(moment, now.boot + max(wallTime - wall, 0))
    }
}
