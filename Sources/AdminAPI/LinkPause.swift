/// How long a master waits after a request has failed, before it asks ADMIN again.
///
/// After ADMIN's restart all masters come back at about the same time, and each needs a new connection. Waits from 1 s to
/// 13 s, all of them equally likely and from the first failure on, have 1,000 masters back within 15 s of ADMIN's return
/// with fewer than 200 new connections in any second, however long ADMIN was away. Short first waits would have most of
/// them come within one second.
public enum LinkPause {
    /// Seconds.
    static let range = 1.0...13.0
    /// The longest time in seconds that ADMIN may ask for.
    static let longestRetry = 300

    /// - Parameters:
    ///   - retryAfter: the seconds that ADMIN has asked for (`Retry-After`); `nil`: none. The wait is longer than that.
    ///   - chance: a number from 0 to 1 by chance.
    public static func duration(after retryAfter: Int? = nil, chance: Double) -> Duration {
        let spread = range.lowerBound + (range.upperBound - range.lowerBound) * chance
        return .seconds(Double(max(0, min(retryAfter ?? 0, longestRetry))) + spread)
    }
}
