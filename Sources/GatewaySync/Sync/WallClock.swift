import Glibc

/// The time of day: drains are kept across restarts, so their deadlines are not of a monotonic clock.
public enum WallClock {
    /// Seconds since 1970.
    public static var seconds: Int { time(nil) }
}

extension Duration {
    public var milliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}
