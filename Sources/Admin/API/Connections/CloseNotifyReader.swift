import NIOCore
import NIOSSL

/// Reads on while TLS closes a connection, so that it sees the client's answer, or its end. Nobody else reads then, and
/// TLS would wait for its whole time limit, 5 seconds: so long a restart of ADMIN took with one idle client.
///
/// Stands behind the TLS handler, which ignores everything else while it closes.
final class CloseNotifyReader: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private var isClosing = false

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.close(mode: mode, promise: promise)
        guard mode == .all else { return }
        isClosing = true
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isClosing { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard isClosing, case ChannelEvent.inputClosed = event else { return }
        // The client has closed its side without an answer, which it may (RFC 9112, 9.8), and none can come any more.
        // From the TLS handler's place on, the channel closes at once.
        try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self).close(promise: nil)
    }
}
