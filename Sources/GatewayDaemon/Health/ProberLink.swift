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
    /// Wakes the task that sends it new targets.
    var bell: AsyncStream<Void>.Continuation?
    /// Ends the wait for the next change that comes by time.
    var alarm: Task<Void, Never>?
    /// What was last stored of the verdicts.
    var stored: StoredVerdicts?
    /// Whether the last attempt to store them failed, so that it is made again.
    var isStoreDue = false

    /// Verdicts that were logged since `loggingSince`.
    private var logged = 0
    /// In milliseconds of the boot clock.
    private var loggingSince = 0

    /// How many verdicts are logged in a minute, so that servers that flap, or a prober gone mad, do not fill the disk.
    private static let loggedEachMinute = 200

    /// Whether another verdict is logged now. Metrics count them all.
    mutating func mayLog(at instant: Int) -> Bool {
        if instant - loggingSince >= 60_000 { (loggingSince, logged) = (instant, 0) }
        logged += 1
        return logged <= Self.loggedEachMinute
    }

    /// Whether it is there and says something.
    func isWorking(at instant: Int) -> Bool { channel != nil && instant - heardAt < Self.silence }

    /// Milliseconds without a word after which the prober is taken to be stuck. It speaks once a second.
    static let silence = 5_000
}
