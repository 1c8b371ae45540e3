/// The health of one target of a check: the verdict, and the results since that speak against it.
///
/// The first result of all is a verdict by itself: a server that has never answered gets no clients for `fall` probes
/// before it is found dead, and one that answers need not prove it.
///
/// Instants are milliseconds of a clock that never jumps, and that goes on while the machine sleeps.
public struct TargetHealth: Sendable, Hashable {
    /// Whether the target gets new connections.
    public enum Verdict: String, Sendable, Hashable, CaseIterable {
        case up, down
    }

    /// The verdict; `nil` before the first result.
    public private(set) var verdict: Verdict?
    /// Since when the verdict stands.
    public private(set) var since: Int?
    /// How many results in a row differ from the verdict.
    public private(set) var streak = 0
    /// Why the last probe that failed did; `nil` after a success that confirms or makes `up`.
    public private(set) var failure: String?

    public init() {}

    /// As an earlier process has left it.
    public init(_ verdict: Verdict, since: Int, failure: String? = nil) {
        self.verdict = verdict
        self.since = since
        self.failure = failure
    }

    /// Takes the result of a probe. Returns whether the verdict has changed.
    ///
    /// - Parameters:
    ///   - failure: why the probe failed; `nil`: it succeeded.
    ///   - instant: when the result was known.
    public mutating func record(failure: String?, at instant: Int, _ timing: HealthCheck.Timing) -> Bool {
        let result: Verdict = failure == nil ? .up : .down
        if let failure { self.failure = failure }
        guard let verdict else { return change(to: result, at: instant) }
        guard result != verdict else {
            streak = 0
            if result == .up { self.failure = nil }
            return false
        }
        streak += 1
        guard streak >= (result == .up ? timing.rise : timing.fall) else { return false }
        return change(to: result, at: instant)
    }

    private mutating func change(to result: Verdict, at instant: Int) -> Bool {
        verdict = result
        since = instant
        streak = 0
        if result == .up { failure = nil }
        return true
    }

    /// Milliseconds from the beginning of the last probe to that of the next one.
    public func pause(_ timing: HealthCheck.Timing) -> Int {
        streak > 0 ? timing.fastInterval : timing.interval
    }
}
