/// How the real servers of one external connection are checked, and what follows from a verdict.
///
/// Equal values are the same check: what is known of a server is kept for as long as the value stays equal, whatever
/// else changes in the export.
public struct HealthCheck: Sendable, Hashable {
    /// What is asked, and what counts as an answer.
    public var probe: Probe
    /// The port that is asked; `nil`: the port that the server gets connections at.
    public var port: UInt16?
    public var timing: Timing
    /// Milliseconds after which a server that is down is taken out, so that clients that hang on it get a reset; `nil`:
    /// never, it stays with weight 0.
    public var dropAfter: Int?

    public init(_ probe: Probe, port: UInt16? = nil, timing: Timing = Timing(), dropAfter: Int? = 10_000) {
        self.probe = probe
        self.port = port
        self.timing = timing
        self.dropAfter = dropAfter
    }

    /// When probes are made, and how many of them make a verdict.
    public struct Timing: Sendable, Hashable {
        /// Milliseconds between the beginnings of two probes of a server whose verdict stands.
        public var interval: Int
        /// Milliseconds between two probes while results differ from the verdict, so that it changes sooner.
        public var fastInterval: Int
        /// Milliseconds that a probe may take in all, from the first packet to the last byte.
        public var timeout: Int
        /// How many successes in a row bring a server back.
        public var rise: Int
        /// How many failures in a row take a server down.
        public var fall: Int

        public init(
            interval: Int = 5_000, fastInterval: Int = 1_000, timeout: Int = 3_000, rise: Int = 2, fall: Int = 3
        ) {
            self.interval = interval
            self.fastInterval = min(fastInterval, interval)
            self.timeout = timeout
            self.rise = rise
            self.fall = fall
        }
    }

    /// Milliseconds that `interval`, `fastInterval` and `timeout` may have.
    public static let times = 100...3_600_000
    /// How many results in a row a verdict may need.
    public static let counts = 1...100
    /// The longest text of a check, in bytes. A line of the prober's socket has room for it.
    public static let longestText = 4_096
    /// Milliseconds that `dropAfter` may have.
    public static let dropTimes = 0...86_400_000
}
