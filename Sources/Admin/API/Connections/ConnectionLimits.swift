/// How long a connection may be in each state, and how many there may be. Every state has its bound; what takes ADMIN's
/// own time, a held poll among it, has that of the request.
public struct ConnectionLimits: Sendable, Hashable {
    /// From the beginning of the connection to the end of its first request's head, TLS included.
    public var firstHead: Duration
    /// From an answer to the end of the next request's head.
    public var idle: Duration
    /// For a body, and for the client to take an answer: this long, and a second more for each `slowest` bytes.
    public var transfer: Duration
    /// Bytes in a second.
    var slowest: Int
    /// After the last answer of a connection, for what the client still sends: closing at once would take the answer
    /// from it.
    var linger: Duration
    /// Connections at the same time.
    public var maximum: Int

    public init(
        firstHead: Duration = .seconds(10), idle: Duration = .seconds(75), transfer: Duration = .seconds(20),
        slowest: Int = 16_384, linger: Duration = .seconds(2), maximum: Int = 1 << 16
    ) {
        self.firstHead = firstHead
        self.idle = idle
        self.transfer = transfer
        self.slowest = slowest
        self.linger = linger
        self.maximum = maximum
    }

    /// How long a transfer may take of which so many bytes have come.
    func transfer(of bytes: Int) -> Duration { transfer + .seconds(bytes / max(1, slowest)) }
}
