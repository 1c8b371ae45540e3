import NIOCore
import Synchronization

/// One connection of a client, as long as it lives.
final class Connection: Sendable {
    /// That of the request at work; `nil` where requests come without one, as in tests of the router.
    @TaskLocal static var current: Connection?

    let channel: any Channel
    /// Rises with each connection.
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

    /// Notes that its client has shown a token that is good: it gives way to no other from now on.
    func becomeKnown() {
        guard !known.exchange(true, ordering: .relaxed) else { return }
        table.makeKnown(self)
    }

    /// Tells the client to go on with the body it has announced, if it waits for that (`Expect: 100-continue`).
    func askForBody() { channel.triggerUserOutboundEvent(AskForBody(), promise: nil) }

    struct AskForBody: Sendable {}
}
