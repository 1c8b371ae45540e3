import NIOCore
import NIOHTTP1
import NIOPosix

/// The server: it accepts at sockets that others keep, and ends without leaving a client unanswered.
///
/// All of it is done in one loop.
final class Server: Sendable {
    /// When all connections are closed after `stop()`.
    let ended: EventLoopFuture<Void>

    private let loop: any EventLoop
    private let promise: EventLoopPromise<Void>
    private let open: NIOLoopBound<OpenChannels>

    private init(_ loop: any EventLoop, _ open: NIOLoopBound<OpenChannels>) {
        self.loop = loop
        self.open = open
        promise = loop.makePromise()
        ended = promise.futureResult
    }

    /// - Parameter sockets: listening sockets; none: one of its own.
    static func start(on loop: any EventLoop, sockets: [CInt], _ state: State) throws -> Server {
        let open = try loop.submit { NIOLoopBound(OpenChannels(), eventLoop: loop) }.wait()
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Connection(state, open.value))
                }
            }
        let listening =
            sockets.isEmpty
            ? [try bootstrap.bind(host: "127.0.0.1", port: 8081).wait()]
            : try sockets.map { try bootstrap.withBoundSocket($0).wait() }
        let server = Server(loop, open)
        try loop.submit { open.value.listening = listening }.wait()
        return server
    }

    /// Accepts no more, answers what has been accepted, then ends. Who waits in a socket's queue is the replacement's.
    func stop() {
        loop.execute { [open, promise] in
            guard !open.value.isStopping else { return }
            open.value.isStopping = true
            // close(2), not shutdown(2): the socket is also the replacement's.
            for channel in open.value.listening { channel.close(promise: nil) }
            open.value.whenEmpty = { promise.succeed() }
            for connection in open.value.connections.values { connection.stop() }
            open.value.check()
        }
    }
}

/// What is open. Used in the loop alone.
final class OpenChannels {
    var listening: [any Channel] = []
    var connections: [ObjectIdentifier: Connection] = [:]
    var isStopping = false
    var whenEmpty: () -> Void = {}

    /// Tells of the end, once it is there.
    func check() {
        if isStopping, connections.isEmpty { whenEmpty() }
    }
}
