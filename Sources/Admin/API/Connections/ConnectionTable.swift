import Logging
import NIOCore
import Synchronization

/// All connections. At the maximum, a new one replaces the oldest whose client has shown no token, so that a client
/// with a token can always connect and stay.
///
/// The costs of opening, closing and replacing do not depend on the number of connections.
final class ConnectionTable: Sendable {
    private struct State {
        var count = 0
        var next = 0
        /// The connections whose clients have shown no token, by number.
        var strangers: [Int: Connection] = [:]
        /// No connection in `strangers` has a lower number.
        var oldest = 0
        var evicted = RepeatedEvent()
        var refused = RepeatedEvent()
    }

    let maximum: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(maximum: Int, logger: Logger) {
        self.maximum = maximum
        self.logger = logger
    }

    /// The number of connections.
    var count: Int { state.withLock { $0.count } }

    /// Adds a connection; `nil` if clients with a token have all places.
    func open(_ channel: any Channel) -> Connection? {
        let (connection, evicted, says) = state.withLock { state -> (Connection?, Connection?, String?) in
            var evicted: Connection?
            if state.count >= maximum {
                guard let oldest = Self.takeOldest(&state) else {
                    return (nil, nil, state.refused.note().map { "\($0) refused: all are of clients with a token" })
                }
                evicted = oldest
            }
            let connection = Connection(channel, number: state.next, table: self)
            state.next += 1
            state.count += 1
            state.strangers[connection.number] = connection
            let says = evicted.flatMap { _ in state.evicted.note() }
            return (connection, evicted, says.map { "\($0) closed that had shown no token, for new ones" })
        }
        evicted?.channel.close(promise: nil)
        if let says { logger.warning("connections: \(says)", metadata: ["max-connections": "\(maximum)"]) }
        if let connection { channel.closeFuture.whenComplete { _ in self.close(connection) } }
        return connection
    }

    /// Closes connections whose clients have shown no token, the oldest first, to free file descriptors.
    func closeStrangers(_ count: Int) {
        let closed = state.withLock { state in (0..<count).compactMap { _ in Self.takeOldest(&state) } }
        for connection in closed { connection.channel.close(promise: nil) }
    }

    func makeKnown(_ connection: Connection) {
        state.withLock { _ = $0.strangers.removeValue(forKey: connection.number) }
    }

    private func close(_ connection: Connection) {
        state.withLock { state in
            state.count -= 1
            state.strangers[connection.number] = nil
        }
    }

    /// Numbers only increase, so each is passed only once.
    private static func takeOldest(_ state: inout State) -> Connection? {
        guard !state.strangers.isEmpty else { return nil }
        while state.oldest < state.next {
            defer { state.oldest += 1 }
            if let connection = state.strangers.removeValue(forKey: state.oldest) { return connection }
        }
        return nil
    }
}

/// An event that may occur thousands of times a second, and is logged once in ten seconds.
struct RepeatedEvent: Sendable {
    static let interval = Duration.seconds(10)

    private var count = 0
    private var told: ContinuousClock.Instant?

    /// Notes that the event has occurred. If it is time to log it, returns how often it has occurred since it was
    /// last logged.
    mutating func note(at now: ContinuousClock.Instant = .now) -> Int? {
        count += 1
        if let told, now - told < Self.interval { return nil }
        defer { count = 0 }
        told = now
        return count
    }
}
