import Logging
import NIOCore
import ServiceSupport

/// The first handler of the listening socket: it reports when connections cannot be accepted, and closes others to
/// make room. NIO then waits for a second before it tries again.
final class AcceptGuard: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How many connections without a token are closed when file descriptors are short.
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
