import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// One connection of a `DirectTransport`: the last handler of its channel, which has one exchange at a time.
final class DirectConnection: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Answer: Sendable {
        let head: HTTPResponseHead
        /// Empty where there is none, and for an error whose content is too large or breaks off.
        var body: [UInt8] = []
    }

    /// The most bytes of an answer.
    struct Limits: Sendable {
        let content: Int
        /// That of an error.
        let problem: Int
    }

    private struct Exchange {
        let promise: EventLoopPromise<Answer>
        let limits: Limits
        var answer: Answer?
        var isTooLarge = false
    }

    private struct State {
        var exchange: Exchange?
        var isOpen = true
        /// Why it ended before a request: a handshake fails as soon as the server has answered.
        var end: (any Error)?
    }

    private let state = Mutex(State())

    /// Whether another request may be sent.
    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Sends a request.
    func begin(
        _ head: HTTPRequestHead, _ body: [UInt8]?, _ limits: Limits, on channel: any Channel
    ) -> EventLoopFuture<Answer> {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let end = state.withLock { state -> (any Error)? in
            guard state.isOpen else { return state.end ?? HTTPClientError.remoteConnectionClosed }
            state.exchange = Exchange(promise: promise, limits: limits)
            return nil
        }
        if let end {
            promise.fail(end)
            return promise.futureResult
        }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return promise.futureResult
    }

    /// Ends the exchange and the connection.
    func end(_ error: any Error, on channel: any Channel) {
        fail(error)
        channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): state.withLock { $0.exchange?.answer = Answer(head: head) }
        case .body(let part):
            let exceeded = state.withLock { state -> Int? in
                guard let exchange = state.exchange, let answer = exchange.answer, !exchange.isTooLarge else {
                    return nil
                }
                let isError = !(200..<300).contains(answer.head.status.code)
                let limit = isError ? exchange.limits.problem : exchange.limits.content
                guard answer.body.count + part.readableBytes > limit else {
                    part.withUnsafeReadableBytes { state.exchange?.answer?.body.append(contentsOf: $0) }
                    return nil
                }
                state.exchange?.isTooLarge = true
                state.exchange?.answer?.body = []
                return isError ? nil : limit
            }
            if let exceeded { end(NIOTooManyBytesError(maxBytes: exceeded), on: context.channel) }
        case .end:
            let (exchange, isOpen) = state.withLock { state in
                let exchange = state.exchange
                state.exchange = nil
                // What comes without a request belongs to none.
                state.isOpen = state.isOpen && exchange?.answer?.head.isKeepAlive ?? false
                return (exchange, state.isOpen)
            }
            if !isOpen { context.close(promise: nil) }
            if let exchange, let answer = exchange.answer { exchange.promise.succeed(answer) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(HTTPClientError.remoteConnectionClosed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        let exchange = state.withLock { state in
            defer { state.exchange = nil }
            state.isOpen = false
            if state.exchange == nil { state.end = state.end ?? error }
            return state.exchange
        }
        guard let exchange else { return }
        // The status of an error is known although its content breaks off.
        if let answer = exchange.answer, !(200..<300).contains(answer.head.status.code) {
            exchange.promise.succeed(Answer(head: answer.head))
        } else {
            exchange.promise.fail(error)
        }
    }
}
