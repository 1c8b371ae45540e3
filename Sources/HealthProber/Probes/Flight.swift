import HealthChecks

/// A probe that is under way.
struct Flight {
    /// Distinguishes it from others in the same place.
    var generation: UInt32 = 0
    /// Whether its place is taken.
    var isUsed = false
    /// Its socket, or the pipe of a program; -1: none.
    var descriptor: Int32 = -1
    /// Whose probe it is; `nil`: nobody waits for the outcome any more.
    var owner: Int?
    /// When it began, in microseconds.
    var start = 0
    /// When it has taken too long, in milliseconds.
    var deadline = 0
    /// Milliseconds that it may take.
    var timeout = 0
    /// How often the prober had slept before it began.
    var sleeps = 0
    var kind = Kind.free
    /// Of a program that was killed, and has not ended yet.
    var killed = Killed.no

    enum Killed {
        case no
        /// It has its place as long as one that runs.
        case ending
        /// It does not end, and is counted by itself.
        case stuck
    }

    enum Kind {
        /// Nothing has begun.
        case free
        /// A connection, of which nothing more is wanted.
        case connection
        case stream(StreamSession)
        case datagram(DatagramConversation)
        case ping(PingEcho)
        /// The words of the command are the key by which programs that are stuck are counted.
        case command(CommandRun, words: [String])
    }
}

/// The outcome of a probe.
struct FinishedProbe {
    let owner: Int
    let outcome: ProbeOutcome
    /// Microseconds that the probe took.
    let latency: Int
}
