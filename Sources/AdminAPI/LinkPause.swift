/// How long a master waits after a request has failed, before it asks ADMIN again.
///
/// After ADMIN's restart all masters come back at about the same time, and each needs a new connection. The first wait is 1 s
/// to 13 s, and each further one 7 s to 13 s, all of them equally likely. So 1,000 masters are back within 15 s of ADMIN's
/// return with fewer than 200 new connections in any second, however long ADMIN was away: short waits would have most of
/// them come within one second, and those that are short again and again find ADMIN first.
public enum LinkPause {
    /// Seconds after a first failure.
    static let first = 1.0...13.0
    /// Seconds after each that follows it.
    static let further = 7.0...13.0
    /// The longest time in seconds that ADMIN may ask for.
    static let longestRetry = 300

    /// - Parameters:
    ///   - isRepeated: whether ADMIN has answered nothing since the failure before.
    ///   - retryAfter: the seconds that ADMIN has asked for (`Retry-After`); `nil`: none. The wait is longer than that.
    ///   - chance: a number from 0 to 1 by chance.
    public static func duration(isRepeated: Bool, after retryAfter: Int? = nil, chance: Double) -> Duration {
        let range = isRepeated ? further : first
        let spread = range.lowerBound + (range.upperBound - range.lowerBound) * chance
        return .seconds(Double(max(0, min(retryAfter ?? 0, longestRetry))) + spread)
    }
}
