import NIOCore
package import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that gives prepared answers.
package final class StubServer: Sendable {
    package struct Answer: Sendable {
        package var status: HTTPResponseStatus
        package var headers: HTTPHeaders
        package var body: [UInt8]
        package var ending: Ending
        /// Whether the answer tells its length.
        package var hasLength = true

        package init(
            status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: [UInt8] = [], ending: Ending = .whole
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.ending = ending
        }
    }

    /// How an answer ends.
    package enum Ending: Sendable {
        case whole
        /// Announces more than it sends, then closes the connection.
        case cutOff
        /// Announces more than it sends, then sends nothing more.
        case stalled
        /// Closes the connection without an answer.
        case hungUp
        /// Sends nothing.
        case silent
    }

    private let channel: any Channel
    private let state: State

    /// - Parameters:
    ///   - host: an address of loopback.
    ///   - port: 0: any free one.
    package init(
        at host: String = "127.0.0.1", port: Int = 0, _ answer: @escaping @Sendable (HTTPRequestHead) -> Answer
    ) async throws {
        let state = State(answer)
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                state.connections.withLock { $0.append(channel) }
                return channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(state))
                }
            }
            .bind(host: host, port: port).get()
    }

    package var port: Int { channel.localAddress?.port ?? 0 }

    /// `http://127.0.0.1:PORT`
    package var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far.
    package var requests: [HTTPRequestHead] { state.requests.withLock { $0 } }

    /// The number of connections so far.
    package var connectionCount: Int { state.connections.withLock(\.count) }

    /// Sets the answer from now on.
    package func answer(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) {
        state.answer.withLock { $0 = answer }
    }

    /// Accepts no more connections, and closes the open ones.
    package func close() async {
        try? await channel.close()
        for connection in state.connections.withLock({ $0 }) { try? await connection.close() }
    }

    private final class State: Sendable {
        let requests = Mutex<[HTTPRequestHead]>([])
        let connections = Mutex<[any Channel]>([])
        let answer: Mutex<@Sendable (HTTPRequestHead) -> Answer>

        init(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) { self.answer = Mutex(answer) }

        func take(_ head: HTTPRequestHead) -> Answer {
            requests.withLock { $0.append(head) }
            return answer.withLock { $0 }(head)
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: State
        private var head: HTTPRequestHead?

        init(_ state: State) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                send(state.take(head), context)
            }
        }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            if case .hungUp = answer.ending { return context.close(promise: nil) }
            if case .silent = answer.ending { return }
            var headers = answer.headers
            var isWhole = true
            if case .cutOff = answer.ending { isWhole = false }
            if case .stalled = answer.ending { isWhole = false }
            if answer.status != .notModified, answer.hasLength {
                headers.add(name: "Content-Length", value: "\(answer.body.count + (isWhole ? 0 : 100))")
            }
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))),
                promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            guard !isWhole else { return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
            context.flush()
            if case .cutOff = answer.ending { context.close(promise: nil) }
        }
    }
}
