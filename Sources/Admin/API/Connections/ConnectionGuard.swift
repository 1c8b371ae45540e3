import AdminAPI
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import Text

/// Comes after the HTTP parser of each connection. It limits the time of every state, lets one request through at a
/// time, and answers malformed requests by itself.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What arrives while an answer is due, in order.
    private enum Waiting {
        case part(HTTPServerRequestPart)
        case error(any Error)
        case event(Any)
    }

    private let limits: ConnectionLimits
    private var state: ConnectionState
    private var waiting = CircularBuffer<Waiting>()
    private var isReadHeld = false
    private var timer: (at: Duration, task: Scheduled<Void>)?
    /// Whether the client waits for a 100 before it sends the body.
    private var expectsContinue = false
    /// Whether the guard has answered by itself. The responder's answer to the same request is then discarded.
    private var hasRefused = false
    /// The number of answers written, to tell which one was sent.
    private var answers = 0

    init(_ limits: ConnectionLimits) {
        self.limits = limits
        state = ConnectionState(limits, at: Self.now)
    }

    private static var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    func handlerAdded(context: ChannelHandlerContext) { watch(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        waiting.removeAll()
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard !state.isOver else { return }
        if state.isBusy || !waiting.isEmpty {
            waiting.append(.part(part))
        } else {
            receive(part, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state.isBusy || !waiting.isEmpty { return waiting.append(.error(error)) }
        context.fireErrorCaught(error)
    }

    /// Passes on the end of the client's data at once, so that a held poll notices; but not before requests that
    /// arrived earlier.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !waiting.isEmpty, event is ChannelEvent { return waiting.append(.event(event)) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Reads no more while a request waits for the answer before it: further data stays in the client's kernel.
    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { isReadHeld = true }
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            state.head(isLast: !head.isKeepAlive, at: Self.now)
            expectsContinue = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
            if let fault = HostField.fault(of: head) {
                refuse(.badRequest, fault, context)
                return
            }
            let codings = head.headers[canonicalForm: "transfer-encoding"]
            guard codings.allSatisfy({ $0.lowercased() == "chunked" }) else {
                refuse(.notImplemented, "The only transfer coding that ADMIN knows is chunked.", context)
                return
            }
        case .body(let bytes): state.bodyBytes(bytes.readableBytes)
        case .end: state.requestEnd()
        }
        watch(context)
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Passes on what has waited, up to the end of the next request.
    private func resume(_ context: ChannelHandlerContext) {
        let hadWaiting = !waiting.isEmpty
        while !state.isBusy, !state.isOver, let next = waiting.popFirst() {
            switch next {
            case .part(let part): receive(part, context)
            case .error(let error): context.fireErrorCaught(error)
            case .event(let event): context.fireUserInboundEventTriggered(event)
            }
        }
        if hadWaiting { context.fireChannelReadComplete() }
        if waiting.isEmpty, isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !hasRefused, !state.isOver else {
            promise?.succeed()
            return
        }
        write(unwrapOutboundIn(data), context, promise)
    }

    private func write(
        _ part: HTTPServerResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        switch part {
        case .head(var head):
            expectsContinue = false
            let options = head.headers[canonicalForm: "connection"]
            if state.answerHead(isLast: options.contains { $0.isExactly("close") }) {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let data):
            let count = data.readableBytes
            state.answerBytes(count, at: Self.now)
            let written = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let number = answers
            written.futureResult.whenSuccess { _ in
                let (handler, context) = bound.value
                guard handler.answers == number else { return }
                handler.state.answerBytesTaken(count, at: Self.now)
                handler.watch(context)
            }
            context.write(wrapOutboundOut(part), promise: written)
            watch(context)
        case .end:
            end(part, context, promise)
        }
    }

    private func end(
        _ part: HTTPServerResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        let isLast = state.answerEnd(at: Self.now)
        answers += 1
        let number = answers
        let written = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess { _ in
            let (handler, context) = bound.value
            guard handler.answers == number else { return }
            handler.state.sent(at: Self.now)
            handler.watch(context)
        }
        context.write(wrapOutboundOut(part), promise: written)
        if isLast {
            waiting.removeAll()
            context.flush()
            context.close(mode: .output, promise: nil)
        } else {
            resume(context)
        }
        watch(context)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is Connection.AskForBody else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        if expectsContinue, state.phase == .receiving {
            expectsContinue = false
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        }
        promise?.succeed()
    }

    /// Answers with a problem and closes the connection.
    private func refuse(_ status: HTTPResponse.Status, _ detail: String, _ context: ChannelHandlerContext) {
        let body = APIProblem(status, detail).problem.jsonBytes
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status.code),
            headers: [
                "content-type": MediaType.problem, "content-length": "\(body.count)", "cache-control": "no-store",
                "connection": "close",
            ])
        write(.head(head), context, nil)
        write(.body(.byteBuffer(ByteBuffer(bytes: body))), context, nil)
        hasRefused = true
        write(.end(nil), context, nil)
    }

    // MARK: Time

    /// Sets the timer to the deadline. A timer that is too early is set again when it fires.
    private func watch(_ context: ChannelHandlerContext) {
        guard let deadline = state.deadline else { return }
        if let timer, timer.at <= deadline { return }
        timer?.task.cancel()
        let delay = TimeAmount.nanoseconds(max(0, Int64(clamping: (deadline - Self.now).wholeNanoseconds)))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(in: delay) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.timeIsUp(context)
        }
        timer = (deadline, task)
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        guard let deadline = state.deadline else { return }
        guard Self.now >= deadline else { return watch(context) }
        if state.phase == .receiving, !state.hasAnswerBegun {
            refuse(.requestTimeout, "The body came too slowly.", context)
        } else {
            context.close(promise: nil)
        }
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int128 { attoseconds / 1_000_000_000 }
}
