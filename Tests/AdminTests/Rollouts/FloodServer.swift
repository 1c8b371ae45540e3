import NIOCore
import NIOPosix
import Synchronization

/// A server on 127.0.0.1 that answers each connection's first bytes with a body of 1 GB, as fast as it is taken.
final class FloodServer: Sendable {
    private let channel: any Channel
    private let sent: Count

    private final class Count: Sendable {
        let bytes = Mutex(0)
    }

    init() async throws {
        let sent = Count()
        self.sent = sent
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(sent))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    /// The bytes that the kernel has taken.
    var bytesSent: Int { sent.bytes.withLock { $0 } }

    func close() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private static let chunk = ByteBuffer(repeating: 0x78, count: 65_536)
        private let sent: Count

        init(_ sent: Count) { self.sent = sent }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let head = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
            pour(context.channel)
        }

        private func pour(_ channel: any Channel) {
            channel.writeAndFlush(Self.chunk).whenSuccess { [sent] in
                sent.bytes.withLock { $0 += Self.chunk.readableBytes }
                self.pour(channel)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
