import Glibc
import HealthChecks
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS
import NetworkTypes
import Synchronization
import Text

/// TLS without a socket: bytes in, bytes out. NIOSSL's handler in a channel that exists in memory only, so that it runs
/// in the loop of the prober.
///
/// NIOSSL cannot resume sessions: each probe is a whole handshake.
final class TLSSession {
    private let channel = EmbeddedChannel()
    private let observer = HandshakeObserver()
    private let fault = CertificateFault()

    /// - Throws: if the settings cannot be used, such as the file of authorities.
    init(_ tls: Probe.TLS, _ contexts: TLSContexts, _ address: IPAddress, port: UInt16) throws {
        let context: NIOSSLContext
        do { context = try contexts.context(tls.verify) } catch {
            throw TLSSettingsError("the authorities to trust cannot be read (\(error))")
        }
        // NIOSSL accepts a certificate for the name or for the peer's address: it gets only the one that is meant. A name
        // that is an address is not sent.
        let expected = tls.name.map { IPAddress($0) } ?? address
        let name = expected == nil ? tls.name : nil
        let handler: NIOSSLClientHandler
        do {
            if tls.verify == .dates {
                let fault = fault
                handler = try NIOSSLClientHandler(
                    context: context, serverHostname: name,
                    customVerificationCallback: { certificates, promise in
                        guard let certificate = certificates.first else { return promise.succeed(.failed) }
                        fault.text = CertificateDates(
                            notBefore: Int(certificate.notValidBefore), notAfter: Int(certificate.notValidAfter)
                        ).failure(at: time(nil))
                        promise.succeed(fault.text == nil ? .certificateVerified : .failed)
                    })
            } else {
                handler = try NIOSSLClientHandler(context: context, serverHostname: name)
            }
        } catch {
            throw TLSSettingsError("the name of a TLS check cannot be sent (\(error))")
        }
        try channel.pipeline.syncOperations.addHandlers([handler, observer])
        let peer =
            if let expected { try SocketAddress(ipAddress: "\(expected)", port: Int(port)) } else {
                try SocketAddress(unixDomainSocketPath: "nowhere")
            }
        channel.remoteAddress = peer
        channel.connect(to: peer, promise: nil)
    }

    /// Whether the handshake is complete.
    var isReady: Bool { observer.isComplete }
    /// Whether the server has said that it sends nothing more.
    var isAtEnd: Bool { observer.isClosed }

    /// Takes bytes of the server. Returns what is wrong with them.
    func receive(_ bytes: UnsafeRawBufferPointer) -> String? {
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            channel.embeddedEventLoop.run()
            try channel.throwIfErrorCaught()
        } catch {
            return fault.text ?? Self.phrase(error)
        }
        return isAtEnd ? "connection closed" : nil
    }

    /// Encrypts bytes.
    func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        channel.embeddedEventLoop.run()
    }

    /// The next decrypted bytes.
    func next() -> [UInt8]? {
        ((try? channel.readInbound(as: ByteBuffer.self)) ?? nil).map { Array($0.readableBytesView) }
    }

    /// The next bytes for the server.
    func nextOutput() -> [UInt8]? {
        guard let buffer = (try? channel.readOutbound(as: ByteBuffer.self)) ?? nil else { return nil }
        return Array(buffer.readableBytesView)
    }

    private var isFinished = false

    /// Ends TLS. What tells the server is in the output then.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        if isReady, !isAtEnd { channel.close(mode: .all, promise: nil) }
        // The handler would wait for the server to agree.
        channel.pipeline.fireChannelInactive()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    deinit { finish() }

    /// An error of NIOSSL in a few words.
    private static func phrase(_ error: any Error) -> String {
        if error is NIOSSLExtraError { return "the certificate is for another name" }
        guard let error = error as? NIOSSLError else { return "TLS failed: \(error)" }
        switch error {
        case .uncleanShutdown: return "connection closed without the end of TLS"
        case .handshakeFailed(.sslError(let stack)):
            // "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …"
            // exact: BoringSSL writes ASCII
            let words = stack.first.map { "\($0)".split(separator: " at ")[0] } ?? ""
            let reason = words.splitBytes(":", omittingEmpty: true).last.map(String.init) ?? ""
            if reason == "CERTIFICATE_VERIFY_FAILED" {
                return "the certificate is expired, or no trusted authority has signed it"
            }
            return "TLS handshake failed: \(reason.replacingByte("_", with: " ").lowercased())"
        default: return "TLS handshake failed"
        }
    }
}

/// Why TLS cannot be spoken as the check says.
private struct TLSSettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What is wrong with the server's certificate. The handler asks for it in the thread of the prober; the lock is for
/// the compiler.
private final class CertificateFault: Sendable {
    private let state = Mutex<String?>(nil)

    var text: String? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Notes when the handshake is complete, and when the server has ended TLS.
private final class HandshakeObserver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var isComplete = false
    private(set) var isClosed = false

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { isComplete = true }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        context.fireChannelInactive()
    }
}
