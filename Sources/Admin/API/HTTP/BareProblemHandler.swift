import AdminAPI
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Adds a problem to the empty 400 with which the HTTP layer answers what it cannot parse, before there is a route.
final class BareProblemHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentType] == nil, head.headerFields[.contentLength] == "0"
        else { return context.write(data, promise: promise) }
        let problem = APIProblem(.badRequest, "The request is no well-formed HTTP/1.1, or its header is too large.")
        let body = problem.problem.jsonBytes
        head.headerFields[.contentType] = MediaType.problem
        head.headerFields[.contentLength] = String(body.count)
        head.headerFields[.cacheControl] = "no-store"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: promise)
    }
}
