/// A process of the kernel: its number, and when it started in ticks since the boot, since numbers are used again.
package struct ProcessIdentity: Sendable, Hashable {
    package let pid: Int
    package let start: Int

    package init(pid: Int, start: Int) {
        self.pid = pid
        self.start = start
    }
}

/// One process of the program.
package struct Worker: Sendable, Equatable {
    /// What the process is about. The raw values are in names of the descriptor store and in the state file.
    package enum Phase: String, Sendable, CaseIterable {
        case starting, ready
        /// It was told to end.
        case stopping
        /// It has crashed, and waits for a debugger.
        case crashed
        /// It gave no sign of life, and waits for a debugger.
        case hung

        /// Whether it is kept for a debugger.
        package var isParked: Bool { self == .crashed || self == .hung }
    }

    /// Its number among the workers; 0 is the one without a number.
    package let number: Int
    /// Counts all processes of a service that its masters have started: no two that live have the same.
    package let generation: Int
    package internal(set) var process: ProcessIdentity?
    package internal(set) var phase = Phase.starting
    /// When it was started.
    package internal(set) var startedAt: Moment
    /// When its phase began.
    package internal(set) var since: Moment
    package internal(set) var readyAt: Moment?
    /// The last sign of life, in milliseconds.
    var lastSign: Int
    /// When a stopping or parked one is killed, in milliseconds.
    var killAt = Int.max
    var isKilled = false
    /// Whether it has become the program.
    var isExecuted = false
    /// What it says of itself.
    package internal(set) var status = ""
    /// Whether the library in it has said HELLO, and that it takes configurations by message.
    package internal(set) var saysHello = false
    package internal(set) var takesConfiguration = false
    /// Whether its readiness by a port is looked at.
    package var isStarting: Bool { phase == .starting }

    init(number: Int, generation: Int, at now: Moment) {
        self.number = number
        self.generation = generation
        startedAt = now
        since = now
        lastSign = now.milliseconds
    }

    mutating func enter(_ phase: Phase, at now: Moment) {
        self.phase = phase
        since = now
    }
}

/// How a process has ended.
package enum WorkerEnd: Sendable, Equatable {
    case exited(Int)
    case killed(Int)
    /// Nobody could say: it was another process's child.
    case unknown
}

/// Why a worker failed last.
package struct LastEnd: Sendable, Equatable {
    /// The raw values are in the state file and in crash files.
    package enum Kind: String, Sendable {
        case exited, killed, crashed, hung
        case notReady = "not-ready"
        /// There was no process, or it could not become the program.
        case failed
    }

    package let at: Int
    package let kind: Kind
    /// The exit status or the signal.
    package let code: Int?
    /// Why it could not be started, or is taken for hung without a silence.
    package let reason: String?
    /// Processes that it has left behind.
    package let left: Int

    package init(at: Int, kind: Kind, code: Int? = nil, reason: String? = nil, left: Int = 0) {
        self.at = at
        self.kind = kind
        self.code = code
        self.reason = reason
        self.left = left
    }
}
