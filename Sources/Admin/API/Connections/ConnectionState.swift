/// What a connection is at, and until when it may be: values alone, the handler around it keeps the clock.
struct ConnectionState: Sendable, Hashable {
    enum Phase: Sendable, Hashable {
        /// Before the first request, and between two.
        case idle
        /// A head has come, and its body not to its end.
        case receiving
        /// The request is complete, its answer not.
        case answering
        /// The answer is on its way to a client that takes it, or does not.
        case sending
        /// The connection had its last answer: what still comes is thrown away.
        case lingering
    }

    private(set) var phase = Phase.idle
    /// `nil`: as long as ADMIN itself takes.
    private(set) var deadline: Duration?
    /// Whether the answer has begun; of a `receiving` connection, before the request was complete.
    private(set) var hasAnswerBegun = false
    /// Whether the answer that is being written is the connection's last.
    private(set) var isLast = false

    private let limits: ConnectionLimits
    private var began: Duration
    private var bytes = 0

    /// - Parameter now: Time on a clock that does not jump.
    init(_ limits: ConnectionLimits, at now: Duration) {
        self.limits = limits
        began = now
        deadline = now + limits.firstHead
    }

    /// Whether the answer to a request is due: another request waits behind it.
    var isBusy: Bool { phase == .answering }

    /// Whether the connection has had its last answer: nothing that comes counts any more.
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

    /// An answer begins. One that comes before the request's end is the connection's last: nobody reads the rest.
    ///
    /// - Returns: Whether it is the last, which its head must say.
    mutating func answerHead(isLast: Bool) -> Bool {
        hasAnswerBegun = true
        if isLast || phase == .receiving { self.isLast = true }
        return self.isLast
    }

    mutating func answerBytes(_ count: Int) { if phase == .answering { bytes += count } }

    /// The answer has been handed over.
    ///
    /// - Returns: Whether the connection ends with it.
    mutating func answerEnd(at now: Duration) -> Bool {
        // One that came early leaves a body that nobody reads.
        if phase == .receiving { isLast = true }
        began = now
        phase = .sending
        deadline = now + limits.transfer(of: bytes)
        return isLast
    }

    /// The client, or its kernel, has taken all of it.
    mutating func sent(at now: Duration) {
        guard phase == .sending else { return }
        phase = isLast ? .lingering : .idle
        deadline = now + (isLast ? limits.linger : limits.idle)
    }
}
