import Logging
import NIOCore
import ServiceSupport

/// Stands first at the socket that listens: it says when connections cannot be accepted, and makes room. NIO itself
/// waits a second then before it tries again.
final class AcceptGuard: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// Strangers that are closed when file descriptors are short.
    static let room = 16

    private let connections: ConnectionTable
    private let logger: Logger
    private var failures = RepeatedEvent()

    init(_ connections: ConnectionTable, logger: Logger) {
        self.connections = connections
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError {
            connections.closeStrangers(Self.room)
            if let count = failures.note() {
                logger.error(
                    "connections cannot be accepted",
                    metadata: [
                        "error": "\(FileError.reason(error.errnoCode))", "times": "\(count)",
                        "open": "\(connections.count)",
                    ])
            }
        }
        context.fireErrorCaught(error)
    }
}
