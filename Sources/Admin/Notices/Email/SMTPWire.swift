import NIOCore
import NIOSSL
import Text

/// A connection to a mail server.
struct SMTPWire: SMTPConnection {
    /// What goes wrong with the connection itself.
    enum Problem: Error {
        case ended, notSMTP, injected

        var words: String {
            switch self {
            case .ended: "the mail server closed the connection"
            case .notSMTP: "it does not answer as a mail server"
            case .injected: "the mail server said something before the encryption began: somebody may be in between"
            }
        }
    }

    private let channel: any Channel
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let host: String
    private let context: NIOSSLContext?
    private var reader = SMTPReplyReader()

    init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, host: String, _ context: NIOSSLContext?
    ) {
        self.channel = channel
        self.inbound = inbound
        self.outbound = outbound
        self.host = host
        self.context = context
    }

    var ownName: String {
        guard let address = channel.localAddress, let text = address.ipAddress else { return "[127.0.0.1]" }
        return address.protocol == .inet6 ? "[IPv6:\(text)]" : "[\(text)]"
    }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    mutating func reply() async throws -> SMTPReply {
        while true {
            do throws(SMTPReplyReader.Fault) {
                if let reply = try reader.next() { return reply }
            } catch {
                throw Problem.notSMTP
            }
            guard let bytes = try await inbound.next() else { throw Problem.ended }
            reader.take(bytes.readableBytesView)
        }
    }

    func encrypt() async throws {
        guard let context, reader.isEmpty else { throw Problem.injected }
        try await channel.eventLoop.submit { [channel, host] in
            try channel.pipeline.syncOperations.addHandler(Self.handler(context, host), position: .first)
        }.get()
    }

    /// The encryption of a connection to a host, whose certificate must name it.
    static func handler(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
