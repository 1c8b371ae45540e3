/// What came of a probe.
public enum ProbeOutcome: Sendable, Hashable {
    /// The server answered as expected. A `command` probe may give a share of the weight, of
    /// `ProberProtocol.wholeWeight`, and has a note: the first line that it printed.
    case success(weight: UInt8? = nil, note: String? = nil)
    /// It did not: one phrase for an operator.
    case failure(String)
    /// The probe says nothing about the server: what kept this machine from making it, or `nil` if the prober slept.
    case void(problem: String?)
}

/// What a conversation wants after it was told something.
public enum ConversationStep: Sendable, Hashable {
    /// More bytes.
    case wait
    /// To send bytes.
    case send([UInt8])
    /// Nothing more: the outcome, and what is sent before the connection is closed.
    case end(ProbeOutcome, farewell: [UInt8] = [])
}

/// The phrases of failures that several kinds of probe share.
public enum ProbePhrase {
    public static let refused = "connection refused"
    public static let reset = "connection reset"
    public static let closedUnanswered = "connection closed without an answer"

    /// No connection came about. Times are in milliseconds.
    public static func noConnection(within time: Int) -> String {
        "no connection within \(HealthCheck.seconds(time)) s"
    }
    /// Nothing came.
    public static func noAnswer(within time: Int) -> String { "no answer within \(HealthCheck.seconds(time)) s" }
    /// Something came, but not all of it.
    public static func noWholeAnswer(within time: Int) -> String {
        "no whole answer within \(HealthCheck.seconds(time)) s"
    }
    /// A program did not end.
    public static func noEnd(within time: Int) -> String {
        "the command did not end within \(HealthCheck.seconds(time)) s"
    }
    /// TLS was not agreed upon.
    public static func noHandshake(within time: Int) -> String {
        "no TLS handshake within \(HealthCheck.seconds(time)) s"
    }
}
