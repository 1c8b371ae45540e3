import HealthChecks
import NIOCore

/// What the daemon knows of its prober.
struct ProberLink {
    /// The connection of the prober; `nil`: there is none.
    var channel: (any Channel)?
    /// What it said last of itself.
    var state: ProberMessage.ProberState?
    /// Wakes whoever tells it of new targets.
    var bell: AsyncStream<Void>.Continuation?
    /// Ends the wait for the next change that comes by time.
    var alarm: Task<Void, Never>?
    /// What was last stored of the verdicts.
    var stored: StoredVerdicts?

    /// Milliseconds without a word after which the prober is taken to be stuck. It speaks once a second.
    static let silence = 5_000
}
