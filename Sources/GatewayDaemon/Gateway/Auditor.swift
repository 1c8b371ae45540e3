import Netlink

/// The progress of the IPVS audits.
///
/// IPVS sends no notifications, so its state is read back. Each audit lists all virtual services. There are many more
/// real servers, so each audit reads only the next share of them.
struct Auditor {
    /// How many real servers one audit reads, but at least those of one service. If the kernel has more, several
    /// audits are needed to read all.
    static let share = 10_000
    /// How long an audit runs before polls and events get their turn.
    static let slice = Duration.milliseconds(5)
    /// The least number of virtual services and real servers that are read between two reads of the clock, since each
    /// may be a system call.
    static let stride = 100
    /// How long an audit waits for an export that is being received.
    static let patience = Duration.seconds(2)

    /// Services whose servers are still to be read in this round.
    private var rest: [IPVS.ServiceIdentity] = []
    private(set) var isRunning = false
    /// Whether an audit of every real server was requested.
    var isWholeWanted = false
    /// Ends the wait for the next audit.
    var alarm: Task<Void, Never>?
    var sliceStart = ContinuousClock.now
    private var unclocked = 0

    /// Adds to the number of entries read, and returns whether it is time to read the clock.
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

    /// Begins a new round if the last one is over or all servers must be read now. Walks over all services then.
    mutating func beginRound(_ services: some Sequence<IPVS.ServiceIdentity>, isWhole: Bool) {
        if isWhole || rest.isEmpty { rest = Array(services) }
    }

    var isRoundOver: Bool { rest.isEmpty }
}
