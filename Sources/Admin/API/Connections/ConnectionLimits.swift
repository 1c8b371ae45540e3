/// How long a connection may be in each state, and how many there may be. Every state has its bound; what takes ADMIN's own
/// time, a held poll among it, has that of the request.
struct ConnectionLimits: Sendable, Hashable {
    /// From the beginning of the connection to the end of its first request's head, TLS included.
    var firstHead = Duration.seconds(10)
    /// From an answer to the end of the next request's head.
    var idle = Duration.seconds(75)
    /// For a body, and for the client to take an answer: this long, and a second more for each `slowest` bytes.
    var transfer = Duration.seconds(20)
    /// Bytes in a second.
    var slowest = 16_384
    /// After the last answer of a connection, for what the client still sends: closing at once would take the answer from it.
    var linger = Duration.seconds(2)
    /// Connections at the same time.
    var maximum = 1 << 16

    /// How long a transfer may take of which so many bytes have come.
    func transfer(of bytes: Int) -> Duration { transfer + .seconds(bytes / max(1, slowest)) }
}
