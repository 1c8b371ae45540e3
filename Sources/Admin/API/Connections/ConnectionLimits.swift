/// How long a connection may be in each state, and how many connections there may be. Every state is limited. ADMIN's
/// own time for an answer, including that of a held poll, is limited by the request.
public struct ConnectionLimits: Sendable, Hashable {
    /// From the beginning of the connection to the end of the first request's head, including TLS.
    public var firstHead: Duration
    /// From an answer to the end of the next request's head.
    public var idle: Duration
    /// For a body, and for an answer until the client has taken it: this long, plus a second for each `slowest`
    /// bytes.
    public var transfer: Duration
    /// Bytes per second.
    var slowest: Int
    /// How long the connection stays open after its last answer for what the client still sends: closing at once would
    /// destroy the answer.
    var linger: Duration
    /// The greatest number of simultaneous connections.
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

    /// How long a transfer may take if this many bytes have arrived.
    func transfer(of bytes: Int) -> Duration { transfer + .seconds(bytes / max(1, slowest)) }
}
