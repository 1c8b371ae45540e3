import Netlink

/// Where the audits of IPVS stand.
///
/// IPVS sends no notifications, so it is read back. All virtual services are listed each time. Their real servers are
/// many more, and each audit reads the next share of them.
struct Auditor {
    /// Real servers that one audit reads, at least those of one service: with more of them in the kernel, it takes
    /// several audits to see each.
    static let share = 10_000
    /// How long an audit works before polls and events have their turn.
    static let slice = Duration.milliseconds(5)
    /// How many virtual services and real servers are read between looks at the clock, at least: each look may be a
    /// system call.
    static let stride = 100
    /// How long it waits for an export that is on its way.
    static let patience = Duration.seconds(2)

    /// Services whose servers are still to be read in this round.
    private var rest: [IPVS.ServiceIdentity] = []
    private(set) var isRunning = false
    /// Somebody has asked for an audit of every real server.
    var isWholeWanted = false
    /// Ends the wait for the next audit.
    var alarm: Task<Void, Never>?
    var sliceStart = ContinuousClock.now
    private var unclocked = 0

    /// Notes that so many entries have been read; whether it is time to look at the clock.
    mutating func isClockDue(after count: Int) -> Bool {
        unclocked += count
        guard unclocked >= Self.stride else { return false }
        unclocked = 0
        return true
    }

    mutating func begin() { isRunning = true }
    mutating func end() { isRunning = false }

    /// The next service of the round; `nil` at its end.
    mutating func next() -> IPVS.ServiceIdentity? { rest.popLast() }

    /// Begins a round when the last one is over, or when all is to be read now.
    mutating func beginRound(_ services: some Sequence<IPVS.ServiceIdentity>, isWhole: Bool) {
        if isWhole || rest.isEmpty { rest = Array(services) }
    }

    var isRoundOver: Bool { rest.isEmpty }
}
