import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers every request as it is told.
final class StubServer: Sendable {
    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders = [:]
        var body: [UInt8] = []
        /// Says more than it sends, then hangs up.
        var isCutOff = false
    }

    private let channel: any Channel
    private let state: State

    init(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) async throws {
        let state = State(answer)
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// `http://127.0.0.1:PORT`
    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    /// The requests so far.
    var requests: [HTTPRequestHead] { state.requests.withLock { $0 } }

    /// Answers so from now on.
    func answer(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) { state.answer.withLock { $0 = answer } }

    func close() async { try? await channel.close() }

    private final class State: Sendable {
        let requests = Mutex<[HTTPRequestHead]>([])
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
                let answer = state.take(head)
                var headers = answer.headers
                if answer.status != .notModified {
                    headers.add(name: "Content-Length", value: "\(answer.body.count + (answer.isCutOff ? 100 : 0))")
                }
                context.write(
                    wrapOutboundOut(
                        .head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))),
                    promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
                if answer.isCutOff {
                    context.flush()
                    context.close(promise: nil)
                } else {
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                }
            }
        }
    }
}
