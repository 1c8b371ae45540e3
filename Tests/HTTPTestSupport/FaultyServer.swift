import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback whose connections fail, without HTTP.
package final class FaultyServer: Sendable {
    /// What it does with each connection when the first bytes have come.
    package enum Fault: Sendable {
        /// Resets it.
        case reset
        /// Closes it.
        case closed
        /// Sends the text; `reset` resets it later.
        case answer(String)
        /// Takes part in the handshake with a certificate, and sends nothing.
        case tls(TestCertificate)
    }

    private let channel: any Channel
    private let connections: Connections

    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    package init(_ fault: Fault) async throws {
        let connections = Connections()
        self.connections = connections
        let tls = if case .tls(let certificate) = fault { try Self.context(certificate) } else { NIOSSLContext?.none }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                connections.all.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(fault))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private static func context(_ certificate: TestCertificate) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    /// `127.0.0.1:PORT`
    package var authority: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    /// Resets the connections so far.
    package func reset() {
        for connection in connections.all.withLock({ $0 }) { Self.reset(connection) }
    }

    /// Accepts no more connections, and closes the open ones.
    package func close() async {
        try? await channel.close()
        for connection in connections.all.withLock({ $0 }) { try? await connection.close() }
    }

    /// Closes it so that the kernel sends RST instead of FIN (socket(7), SO_LINGER).
    private static func reset(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let fault: Fault

        init(_ fault: Fault) { self.fault = fault }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch fault {
            case .reset: FaultyServer.reset(context.channel)
            case .closed: context.close(promise: nil)
            case .answer(let text):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .tls: break
            }
        }

        /// A handshake that fails ends the connection.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
