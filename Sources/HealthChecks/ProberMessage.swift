import Text

/// The conversation between the gateway's daemon and the prober `portcullis-checks`, over a Unix stream socket.
///
/// Both send lines of ASCII, each ended by a line feed, of words separated by single spaces. Values are encoded as in a
/// check's text. The first line of each side is the greeting with the version; a side that gets another version closes
/// the connection. Ages are in milliseconds, latencies and latenesses in microseconds: the two sides share no clock.
public enum ProberProtocol {
    public static let version = 1
    /// The bytes that a line may have, without its end.
    public static let longestLine = 8_192
    /// The bytes of UTF-8 that a reason or a problem may have. A longer one is cut when it is written.
    public static let longestReason = 1_024
    /// What a whole weight is divided into.
    public static let wholeWeight = 253
}

/// A line from the daemon to the prober.
public enum DaemonMessage: Sendable, Hashable {
    /// `portcullis-checks VERSION`: the first line.
    case greeting(version: Int)
    /// `target ID ADDRESS PORT [up|down AGE] CHECK…`: adds a target, or replaces the one with this number, which the
    /// daemon has chosen.
    case target(id: UInt64, ProbeTarget, known: KnownVerdict?)
    /// `remove ID`: the target is probed no more.
    case remove(id: UInt64)
    /// `whole`: the targets so far are all there are. Sent once, after the first list.
    case whole

    /// The verdict on a target that the daemon has from an earlier connection.
    public struct KnownVerdict: Sendable, Hashable {
        public var verdict: TargetHealth.Verdict
        /// Milliseconds since the verdict was made.
        public var age: Int

        public init(_ verdict: TargetHealth.Verdict, age: Int) {
            self.verdict = verdict
            self.age = age
        }
    }
}

/// A line from the prober to the daemon.
public enum ProberMessage: Sendable, Hashable {
    /// `portcullis-checks VERSION`: the first line.
    case greeting(version: Int)
    case verdict(TargetVerdict)
    case result(TargetResult)
    case alive(ProberState)

    /// `verdict ID up|down AGE LATENCY [WEIGHT] REASON`: the verdict on a target has changed or is the first one, or the
    /// share of the weight has changed.
    ///
    /// The first success of a `command` probe after the target was added is always told, since the daemon does not
    /// tell the prober the last share.
    public struct TargetVerdict: Sendable, Hashable {
        public var id: UInt64
        public var verdict: TargetHealth.Verdict
        /// Milliseconds since the verdict was made.
        public var age: Int
        /// Microseconds that the last probe took.
        public var latency: Int
        /// The share of the weight that a `command` probe gives, of `ProberProtocol.wholeWeight`; `nil`: all of it.
        public var weight: UInt8?
        /// Why the last probe that failed did; for a `command` probe also what it has printed; `nil`: nothing to tell.
        public var reason: String?

        public init(
            id: UInt64, _ verdict: TargetHealth.Verdict, age: Int, latency: Int, weight: UInt8? = nil,
            reason: String? = nil
        ) {
            self.id = id
            self.verdict = verdict
            self.age = age
            self.latency = latency
            self.weight = weight
            self.reason = reason
        }
    }

    /// `result ID FAILURES LATENCY REASON`: what has changed about a target whose verdict stands. Only so many are sent in
    /// a second, each target in its turn.
    public struct TargetResult: Sendable, Hashable {
        public var id: UInt64
        /// How many probes have failed since the target was added.
        public var failures: Int
        /// Microseconds that the last probe took.
        public var latency: Int
        /// Why the last probe that failed did; `nil`: nothing speaks against an `up`.
        public var reason: String?

        public init(id: UInt64, failures: Int, latency: Int, reason: String? = nil) {
            self.id = id
            self.failures = failures
            self.latency = latency
            self.reason = reason
        }
    }

    /// `alive TARGETS PROBES FAILED LATE50 LATE99 LATEMAX PROBLEM`: sent every second, whatever happens.
    public struct ProberState: Sendable, Hashable {
        public var targets: Int
        /// How many probes have ended since the connection began.
        public var probes: Int
        /// How many of them have failed.
        public var failed: Int
        /// Microseconds by which probes of the last 10 s began late: the median, the 99th percentile, the most.
        public var lateness: Lateness
        /// What keeps the prober from probing at all, or some of the targets; `nil`: nothing. A probe that could not be made
        /// is no failed probe.
        public var problem: String?

        public struct Lateness: Sendable, Hashable {
            public var median: Int
            public var percentile99: Int
            public var maximum: Int

            public init(median: Int = 0, percentile99: Int = 0, maximum: Int = 0) {
                self.median = median
                self.percentile99 = percentile99
                self.maximum = maximum
            }
        }

        public init(targets: Int, probes: Int, failed: Int, lateness: Lateness = Lateness(), problem: String? = nil) {
            self.targets = targets
            self.probes = probes
            self.failed = failed
            self.lateness = lateness
            self.problem = problem
        }
    }
}

// MARK: Writing

extension DaemonMessage: CustomStringConvertible {
    /// The line, without its end.
    public var description: String {
        switch self {
        case .greeting(let version): return "portcullis-checks \(version)"
        case .target(let id, let target, let known):
            let verdict = known.map { " \($0.verdict.rawValue) \($0.age)" } ?? ""
            return "target \(id) \(target.address) \(target.port)\(verdict) \(target.check)"
        case .remove(let id): return "remove \(id)"
        case .whole: return "whole"
        }
    }
}

extension ProberMessage: CustomStringConvertible {
    /// The line, without its end.
    public var description: String {
        switch self {
        case .greeting(let version): return "portcullis-checks \(version)"
        case .verdict(let verdict):
            let weight = verdict.weight.map { " \($0)" } ?? ""
            return "verdict \(verdict.id) \(verdict.verdict.rawValue) \(verdict.age) \(verdict.latency)\(weight) "
                + Self.word(verdict.reason)
        case .result(let result):
            return "result \(result.id) \(result.failures) \(result.latency) \(Self.word(result.reason))"
        case .alive(let state):
            let lateness = state.lateness
            return "alive \(state.targets) \(state.probes) \(state.failed) \(lateness.median) "
                + "\(lateness.percentile99) \(lateness.maximum) \(Self.word(state.problem))"
        }
    }

    /// A reason as a word: `-` if there is none.
    private static func word(_ reason: String?) -> String {
        guard let reason, !reason.isEmpty else { return "-" }
        if reason.isExactly("-") { return "%2D" }
        var bytes = Array(reason.utf8.prefix(ProberProtocol.longestReason))
        if bytes.count < reason.utf8.count {
            // Not within a code point: up to the last byte that begins one.
            while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
        }
        return PercentEncoding.encode(bytes)
    }
}
