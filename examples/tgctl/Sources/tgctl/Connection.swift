import NIOCore
import NIOHTTP1

/// One client: requests one after the other.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: State
    private let open: OpenChannels
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var answered = 0

    init(_ state: State, _ open: OpenChannels) {
        self.state = state
        self.open = open
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        open.connections[ObjectIdentifier(self)] = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        open.connections[ObjectIdentifier(self)] = nil
        open.check()
    }

    /// Closes the connection if its client expects nothing; otherwise its next answer is the last one.
    func stop() {
        if answered > 0, head == nil { context?.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            if let head { answer(head, context) }
            head = nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = Answer(to: request.method, request.uri, state)
        let isLast = open.isStopping || !request.isKeepAlive
        var head = HTTPResponseHead(version: request.version, status: answer.status)
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        head.headers.add(name: "Connection", value: isLast ? "close" : "keep-alive")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        answered += 1
        if isLast { context.close(promise: nil) }
    }
}
