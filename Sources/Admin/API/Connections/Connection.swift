import NIOCore
import Synchronization

/// A client's connection.
final class Connection: Sendable {
    /// The connection of the current request; `nil` for requests without one, as in tests of the router.
    @TaskLocal static var current: Connection?

    let channel: any Channel
    /// Increases with each connection.
    let number: Int
    private let table: ConnectionTable
    private let known = Atomic(false)

    init(_ channel: any Channel, number: Int, table: ConnectionTable) {
        self.channel = channel
        self.number = number
        self.table = table
    }

    /// The client's address, for the log.
    var address: String { channel.remoteAddress?.ipAddress ?? "-" }

    /// Notes that the client has shown a valid token. From now on, the connection is never closed to make room.
    func becomeKnown() {
        guard !known.exchange(true, ordering: .relaxed) else { return }
        table.makeKnown(self)
    }

    /// Asks the client for the body that it has announced, if it waits for that (`Expect: 100-continue`).
    func askForBody() { channel.triggerUserOutboundEvent(AskForBody(), promise: nil) }

    struct AskForBody: Sendable {}
}
