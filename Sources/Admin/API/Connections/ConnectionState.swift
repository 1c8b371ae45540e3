/// The state of a connection, and its deadline. It is a value; the handler that uses it reads the clock.
struct ConnectionState: Sendable, Hashable {
    enum Phase: Sendable, Hashable {
        /// Before the first request, or between two.
        case idle
        /// The head has arrived, but not the whole body.
        case receiving
        /// The request is complete, but not its answer.
        case answering
        /// The answer is being sent, and waits for the client to take it.
        case sending
        /// The last answer was sent: whatever still arrives is discarded.
        case lingering
    }

    private(set) var phase = Phase.idle
    /// `nil`: as long as ADMIN itself needs.
    private(set) var deadline: Duration?
    /// Whether the answer has begun; in the phase `receiving`, before the request was complete.
    private(set) var hasAnswerBegun = false
    /// Whether the current answer is the connection's last.
    private(set) var isLast = false

    private let limits: ConnectionLimits
    private var began: Duration
    private var bytes = 0

    /// - Parameter now: the time of a clock that does not jump.
    init(_ limits: ConnectionLimits, at now: Duration) {
        self.limits = limits
        began = now
        deadline = now + limits.firstHead
    }

    /// Whether the answer to a request is due, so that another request must wait.
    var isBusy: Bool { phase == .answering }

    /// Whether the last answer was written, so that whatever arrives is ignored.
    var isOver: Bool { phase == .lingering || phase == .sending && isLast }

    mutating func head(isLast: Bool, at now: Duration) {
        guard !isOver else { return }
        phase = .receiving
        hasAnswerBegun = false
        self.isLast = isLast
        began = now
        bytes = 0
        deadline = now + limits.transfer(of: 0)
    }

    mutating func bodyBytes(_ count: Int) {
        guard phase == .receiving else { return }
        bytes += count
        deadline = began + limits.transfer(of: bytes)
    }

    mutating func requestEnd() {
        guard phase == .receiving else { return }
        phase = .answering
        bytes = 0
        deadline = nil
    }

    /// Notes that an answer begins. If it begins before the end of the request, it is the connection's last, since
    /// nobody reads the rest.
    ///
    /// - Returns: whether it is the last, which its head must tell.
    mutating func answerHead(isLast: Bool) -> Bool {
        hasAnswerBegun = true
        if isLast || phase == .receiving { self.isLast = true }
        return self.isLast
    }

    /// Notes that a part of the answer was written. While the client has not taken it, time runs: an answer that is sent
    /// as it is read waits for nothing else.
    mutating func answerBytes(_ count: Int, at now: Duration) {
        guard phase == .answering else { return }
        bytes += count
        deadline = now + limits.transfer(of: bytes)
    }

    /// Notes that the client, or its kernel, has taken a part of the answer before all of it was written.
    mutating func answerBytesTaken(_ count: Int, at now: Duration) {
        guard phase == .answering else { return }
        bytes -= count
        deadline = bytes > 0 ? now + limits.transfer(of: bytes) : nil
    }

    /// Notes that the whole answer was written.
    ///
    /// - Returns: whether the connection ends with it.
    mutating func answerEnd(at now: Duration) -> Bool {
        // An early answer leaves a body that nobody reads.
        if phase == .receiving { isLast = true }
        began = now
        phase = .sending
        deadline = now + limits.transfer(of: bytes)
        return isLast
    }

    /// Notes that the client, or its kernel, has taken the whole answer.
    mutating func sent(at now: Duration) {
        guard phase == .sending else { return }
        phase = isLast ? .lingering : .idle
        deadline = now + (isLast ? limits.linger : limits.idle)
    }
}
