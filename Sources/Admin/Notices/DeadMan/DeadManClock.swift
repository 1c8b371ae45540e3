/// When the dead man's switch is pinged: a minute after the last time, once all loops have come around since.
struct DeadManClock: Sendable {
    private var last: Duration?
    /// The turns of the loops at that time.
    private var turns: [String: Int] = [:]

    /// The time between two pings.
    static let interval = Duration.seconds(60)
    /// The time after which a loop that has not come around is stuck.
    static let patience = Duration.seconds(120)

    /// What is to be done now.
    enum Step: Sendable, Equatable {
        case wait
        case ping
        /// These loops have not come around for too long.
        case stuck([String])
    }

    /// - Parameters:
    ///   - loops: the turns of each loop.
    ///   - now: by a clock that cannot be set.
    mutating func step(_ loops: [String: Int], now: Duration) -> Step {
        guard let last else {
            // After the start, too, each loop comes around first.
            self.last = now - Self.interval
            turns = [:]
            return step(loops, now: now)
        }
        guard now - last >= Self.interval else { return .wait }
        let behind = loops.filter { $0.value <= turns[$0.key] ?? 0 }.keys.sorted()
        if behind.isEmpty, !loops.isEmpty {
            self.last = now
            turns = loops
            return .ping
        }
        return now - last >= Self.patience ? .stuck(behind) : .wait
    }

    /// The ping has not arrived: it is tried again after that time.
    mutating func retry(after time: Duration, now: Duration) { last = now - Self.interval + time }
}
