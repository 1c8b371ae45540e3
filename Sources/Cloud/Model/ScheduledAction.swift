import Crypto

/// An action of a service that is run at intervals.
///
/// Its times are `every` seconds apart, and where they begin follows from the names, so that the actions of many services
/// are spread over the interval.
public struct ScheduledAction: Sendable, Hashable, Comparable {
    public let service: String
    public let action: String

    public init(service: String, action: String) {
        self.service = service
        self.action = action
    }

    public static func < (a: Self, b: Self) -> Bool { (a.service, a.action) < (b.service, b.action) }

    /// What follows from the last run and the present time.
    package enum Standing: Sendable, Hashable {
        /// The next time has not come.
        case waiting
        /// A time has come since the last run; several are one.
        case due
        /// The last run is more than an interval ahead: the clock was set back, and the interval counts anew.
        case ahead
    }

    /// - Parameters:
    ///   - every: seconds between two times.
    ///   - last: the last run, in seconds since 1970 like `now`.
    package func standing(every: Int, last: Int, now: Int) -> Standing {
        if last - now > every { return .ahead }
        return number(of: now, every: every) > number(of: last, every: every) ? .due : .waiting
    }

    /// How many times have come by a moment.
    private func number(of time: Int, every: Int) -> Int {
        let (quotient, rest) = (time - offset(every)).quotientAndRemainder(dividingBy: every)
        return rest < 0 ? quotient - 1 : quotient
    }

    /// Seconds from the begin of 1970 to the first time: the same for ever, and below `every`.
    package func offset(_ every: Int) -> Int {
        let hash = SHA256.hash(data: Array("\(service)/\(action)".utf8)).prefix(8).reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        return Int(hash % UInt64(every))
    }
}
