import HealthChecks
import NIOCore

/// What the daemon knows of its prober.
struct ProberLink {
    /// The connection of the prober; `nil`: there is none.
    var channel: (any Channel)?
    /// When it was last heard, or connected, in milliseconds of the boot clock.
    var heardAt = 0
    /// What it said last of itself.
    var state: ProberMessage.ProberState?
    /// Wakes whoever tells it of new targets.
    var bell: AsyncStream<Void>.Continuation?
    /// Ends the wait for the next change that comes by time.
    var alarm: Task<Void, Never>?
    /// What was last stored of the verdicts.
    var stored: StoredVerdicts?

    /// Whether it is there and says something.
    func isWorking(at instant: Int) -> Bool { channel != nil && instant - heardAt < Self.silence }

    /// Milliseconds without a word after which the prober is taken to be stuck. It speaks once a second.
    static let silence = 5_000
}
