/// The move of one service to another server, so that no request is lost. A value: what it wants at both places is read
/// from it, what has happened is told to it (`observe`).
///
/// The service is placed and started at the new server while the old one goes on, and its tests pass there. Then the
/// export names the new server, every gateway confirms, and the connections at the old one get the time to end. Until the
/// export changes, a failure gives the new place up, and clients have noticed nothing.
///
/// Connections at an old server that is lost get no time.
///
/// A service that must never run twice (`isExclusive`) is stopped at the old server before it is started at the new one;
/// its version is placed there before. If it does not start, it is stopped there and started at the old server again.
public struct ServiceMove: Sendable, Hashable, Codable {
    /// What a move is doing. Without `isExclusive` the stages `stopping`, `starting` and `returning` do not occur.
    public enum Stage: String, Sendable, Hashable, CaseIterable, Codable {
        /// The new server is to have the version, and to run it unless the service is exclusive.
        case placing
        /// The old server is to stop it.
        case stopping
        /// The new server is to start it.
        case starting
        /// The tests `from: node` run at the new server.
        case testing
        /// The export names the new server, and not every gateway has confirmed that.
        case switching
        /// No gateway sends anything new to the old server; its connections end.
        case leaving
        /// The new server is to stop what did not start, before the old one starts again.
        case returning
    }

    /// How a move has ended.
    public enum End: Sendable, Hashable, Codable {
        /// The service is at the new server.
        case moved
        /// It is at the old server; why.
        case failed(String)
        /// Somebody has ended it, and the service is at the old server.
        case aborted
        /// Somebody has moved the service at once meanwhile.
        case overtaken
    }

    /// How long a move waits, and whether both places may run at a time.
    public struct Policy: Sendable, Hashable, Codable {
        /// Seconds that each wait before the export changes may take.
        public var deadline: Int
        /// Seconds that the connections at the old server get.
        public var drainTime: Int
        /// Whether the service must never run at two places.
        public var isExclusive: Bool

        public init(deadline: Int = 600, drainTime: Int = 600, isExclusive: Bool = false) {
            self.deadline = deadline
            self.drainTime = drainTime
            self.isExclusive = isExclusive
        }
    }

    /// What a server is to do with the service while the move is on.
    public enum Wish: Sendable, Hashable {
        /// Its version is there, and it runs.
        case running
        /// Its version is there, and it does not run.
        case stopped
    }

    public let from: String
    public let to: String
    public let policy: Policy
    public private(set) var stage = Stage.placing
    /// When the stage began, in seconds of the move's clock.
    public private(set) var since: Int
    /// How it will end once the new server has stopped the service; only while it returns.
    public private(set) var ending: End?
    /// `nil`: it is on.
    public private(set) var end: End?
    /// Whether the tests were begun once more, since nobody knows how they had ended; `nil`: no.
    private var hasRepeatedTests: Bool?

    /// - Parameter now: seconds of the move's clock.
    public init(from: String, to: String, by policy: Policy, now: Int = 0) {
        self.from = from
        self.to = to
        self.policy = policy
        since = now
    }

    // MARK: What it wants

    public var isOver: Bool { end != nil }

    /// Whether the export names the new server.
    public var isSwitched: Bool { end.map { $0 == .moved } ?? (stage == .switching || stage == .leaving) }

    /// What the old server is to do while the move is on.
    public var wishAtOld: Wish { !policy.isExclusive || stage == .placing ? .running : .stopped }

    /// What the new server is to do while the move is on.
    public var wishAtNew: Wish {
        guard policy.isExclusive else { return .running }
        return switch stage {
        case .placing, .stopping, .returning: .stopped
        case .starting, .testing, .switching, .leaving: .running
        }
    }

    /// How often the tests were begun anew: what is known of earlier ones says nothing of those that are wanted.
    public var testRepetitions: Int { hasRepeatedTests == true ? 1 : 0 }

    /// Whether it can still be given up: the export does not name the new server, and it is not ending.
    public var canAbort: Bool { end == nil && ending == nil && !isSwitched }

    // MARK: Orders

    /// Gives the move up, if `canAbort`.
    public mutating func abort(now: Int) { giveUp(.aborted, now: now) }

    /// Gives the move up because something has failed, if `canAbort`.
    public mutating func fail(_ reason: String, now: Int) { giveUp(.failed(reason), now: now) }

    /// Notes that the service was moved at once.
    public mutating func overtake() { if end == nil { end = .overtaken } }

    private mutating func giveUp(_ end: End, now: Int) {
        guard canAbort else { return }
        if wishAtNew == .running, wishAtOld == .stopped {
            ending = end
            enter(.returning, now)
        } else {
            self.end = end
        }
    }

    // MARK: Events

    /// Takes notice of what is known, and goes on as far as that allows.
    public mutating func observe(_ seen: MoveObservation) {
        let before = (wishAtOld, wishAtNew, isSwitched, testRepetitions)
        // What was seen says nothing of what is wanted from now on.
        while end == nil, advance(seen), (wishAtOld, wishAtNew, isSwitched, testRepetitions) == before {}
    }

    private mutating func advance(_ seen: MoveObservation) -> Bool {
        let now = seen.now
        switch stage {
        case .placing:
            if seen.new == (policy.isExclusive ? .stopped : .running) {
                enter(policy.isExclusive ? .stopping : .testing, now)
            } else if let reason = problem(seen.new, at: to) ?? lateness(seen) {
                fail(reason, now: now)
            } else {
                return false
            }
        case .stopping:
            if seen.old == .stopped {
                enter(.starting, now)
            } else if let reason = lateness(seen) {
                fail(reason, now: now)
            } else {
                return false
            }
        case .starting:
            if seen.new == .running {
                enter(.testing, now)
            } else if let reason = problem(seen.new, at: to) ?? lateness(seen) {
                fail(reason, now: now)
            } else {
                return false
            }
        case .testing:
            if case .failed(let reason)? = seen.tests {
                fail(reason, now: now)
            } else if let reason = problem(seen.new, at: to) {
                fail(reason, now: now)
            } else if case .unknown(let reason)? = seen.tests {
                guard hasRepeatedTests != true, seen.new != .silent else {
                    fail("nobody knows how its tests on \(to) ended: \(reason)", now: now)
                    return true
                }
                hasRepeatedTests = true
                // It may have been started again with its server: it must run before its tests do.
                enter(policy.isExclusive ? .starting : .placing, now)
            } else if seen.tests == .succeeded, seen.new == .running {
                enter(.switching, now)
            } else if let reason = lateness(seen) {
                fail(reason, now: now)
            } else {
                return false
            }
        case .switching:
            guard seen.confirmation == .confirmed else { return false }
            // What is stopped has no connections.
            if wishAtOld == .stopped { end = .moved } else { enter(.leaving, now) }
        case .leaving:
            guard now - since >= policy.drainTime || seen.isOldLost else { return false }
            end = .moved
        case .returning:
            guard seen.new == .stopped else { return false }
            end = ending
        }
        return true
    }

    private mutating func enter(_ next: Stage, _ now: Int) {
        stage = next
        since = now
    }

    private func problem(_ place: MoveObservation.Place, at server: String) -> String? {
        guard case .failing(let reason) = place else { return nil }
        return "it fails on \(server): \(reason)"
    }

    private func lateness(_ seen: MoveObservation) -> String? {
        guard seen.now - since >= policy.deadline else { return nil }
        return "after \(policy.deadline) s it still waits for \(waiting(for: seen) ?? "nothing")"
    }

    // MARK: In words

    /// What the move waits for: `app3 to start it`, `gw2 to confirm`; `nil`: nothing, it is over.
    public func waiting(for seen: MoveObservation) -> String? {
        guard end == nil else { return nil }
        switch stage {
        case .placing: return words(to, policy.isExclusive ? "install it" : "install and start it", seen.new)
        case .stopping: return words(from, "stop it", seen.old)
        case .starting: return words(to, "start it", seen.new)
        case .returning: return words(to, "stop it", seen.new)
        case .testing: return seen.new == .silent ? "its tests on \(to), which is silent" : "its tests on \(to)"
        case .switching:
            switch seen.confirmation {
            case .confirmed: return "nothing"
            case .held(let gateway): return "\(gateway), which holds the export back"
            case .missing(let gateways):
                let names = gateways.isEmpty ? "the gateways" : gateways.joined(separator: ", ")
                return "\(names) to confirm; \(from) goes on"
            }
        case .leaving: return "connections on \(from) to end"
        }
    }

    /// Seconds that the stage still takes at most; `nil`: it is over, or the stage has no such end.
    ///
    /// - Parameter now: seconds of the move's clock.
    public func secondsLeft(at now: Int) -> Int? {
        guard end == nil, stage == .leaving else { return nil }
        return max(0, policy.drainTime - (now - since))
    }

    private func words(_ server: String, _ task: String, _ place: MoveObservation.Place) -> String {
        switch place {
        case .silent: "\(server) to \(task), but it is silent"
        case .changing(let problem?): "\(server) to \(task): \(problem)"
        default: "\(server) to \(task)"
        }
    }
}

/// What is known at one moment of a service that moves.
public struct MoveObservation: Sendable, Hashable {
    /// The service at one server, as that reports it of the version that is to be there.
    public enum Place: Sendable, Hashable {
        /// The server has not been heard of for long, or not yet.
        case silent
        /// The server is at work on it, with this problem.
        case changing(String?)
        /// The version runs, and is ready.
        case running
        /// The version is there, and does not run.
        case stopped
        /// It ended by itself, or cannot be started: why.
        case failing(String)
    }

    /// Seconds of a clock that never goes back.
    public var now: Int
    public var old: Place
    /// Whether the old server is lost, and its connections with it.
    public var isOldLost: Bool
    public var new: Place
    /// `nil`: they were not begun.
    public var tests: RolloutObservation.Job?
    /// What the gateways say of the export that names the new server.
    public var confirmation: RolloutObservation.Confirmation

    public init(
        now: Int, old: Place = .silent, isOldLost: Bool = false, new: Place = .silent,
        tests: RolloutObservation.Job? = nil,
        confirmation: RolloutObservation.Confirmation = .missing([])
    ) {
        self.now = now
        self.old = old
        self.isOldLost = isOldLost
        self.new = new
        self.tests = tests
        self.confirmation = confirmation
    }
}
