import AdminClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import ServiceSupport
import Synchronization
import Text

/// A connection to where logs are sent.
final class LogConnection: Sendable {
    /// Why it ended, or cannot be made.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How long connecting may take, for each address.
    private static let patience = TimeAmount.seconds(10)
    /// How long the receiver may take nothing at all.
    private static let standstill = Duration.seconds(60)

    private let channel: any Channel
    private let fault: Fault

    private init(_ channel: any Channel, _ fault: Fault) {
        self.channel = channel
        self.fault = fault
    }

    /// Resolves the target's name, connects to the first of its addresses that answers, and begins TLS where it is wanted.
    static func open(_ target: LogTarget, caFile: String?) async throws -> LogConnection {
        let context = try tls(target, caFile)
        let addresses = try await BlockingWork.run { try Self.addresses(of: target) }
        var last: any Error = Failure(description: "no address is known")
        for address in addresses {
            let fault = Fault()
            do {
                let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connectTimeout(Self.patience)
                    .channelOption(.socketOption(.so_keepalive), value: 1)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            if let context {
                                let name = target.isAddress ? nil : target.host
                                try channel.pipeline.syncOperations.addHandler(
                                    NIOSSLClientHandler(context: context, serverHostname: name))
                            }
                            try channel.pipeline.syncOperations.addHandler(Listener(fault))
                        }
                    }
                    .connect(to: address).get()
                return LogConnection(channel, fault)
            } catch {
                last = error
            }
        }
        throw Failure(description: text(last))
    }

    private static func tls(_ target: LogTarget, _ caFile: String?) throws -> NIOSSLContext? {
        guard target.isEncrypted else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let caFile {
            // Read for each connection, so that a new one is used without a restart.
            let bytes = try Files.read(caFile, limit: 1 << 20) ?? []
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(bytes), !roots.isEmpty else {
                throw Failure(description: "\(caFile.printable): there is no certificate (PEM) in it (log-ca-file)")
            }
            configuration.trustRoots = .certificates(roots)
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func addresses(of target: LogTarget) throws -> [SocketAddress] {
        do throws(HostAddresses.Failure) {
            return try HostAddresses.resolve(target.host, port: target.port)
        } catch {
            throw Failure(description: "\(target.host): \(error.reason)")
        }
    }

    /// Whether the receiver has closed it.
    var isOpen: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// Sends bytes, and waits until the receiver's kernel has acknowledged all of them.
    ///
    /// - Parameter meanwhile: is called once a second.
    func send(
        _ bytes: [UInt8], isolation: isolated (any Actor)? = #isolation, meanwhile: () -> Void
    ) async throws {
        let sending = Sending()
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).whenComplete { sending.end($0) }
        var pause = Duration.milliseconds(2)
        var called = ContinuousClock.now
        var (unsent, movedAt) = (UInt64.max, ContinuousClock.now)
        while true {
            try Task.checkCancellation()
            if let error = sending.error { throw failure(error) }
            guard channel.isActive else { throw failure(nil) }
            let queue = try await queue()
            if sending.isDone, queue.isEmpty { return }
            // That nothing is acknowledged for so long is the receiver's standstill.
            if queue.acknowledged != unsent { (unsent, movedAt) = (queue.acknowledged, .now) }
            if .now - movedAt > Self.standstill {
                throw Failure(description: "the receiver has taken nothing for \(Self.standstill.components.seconds) s")
            }
            if .now - called >= .seconds(1) {
                meanwhile()
                called = .now
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(500))
        }
    }

    private func failure(_ error: (any Error)?) -> Failure {
        let cause = fault.error ?? error
        return Failure(description: cause.map(Self.text) ?? "the receiver has closed the connection")
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as Failure: error.description
        case let error as IOError: FileError.reason(error.errnoCode)
        case ChannelError.connectTimeout: "it does not answer"
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof:
            "the receiver has closed the connection"
        default: "\(error)"
        }
    }

    // What the kernel has

    private struct Queue {
        /// Whether all that was given to the kernel is acknowledged.
        var isEmpty: Bool
        /// Bytes that were acknowledged so far.
        var acknowledged: UInt64
    }

    /// `struct tcp_info` of linux/tcp.h, as far as it is of use: 160 bytes. That of the C library ends before.
    private struct Information: Sendable {
        var words:
            (
                UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
                UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
            )
    }

    private func queue() async throws -> Queue {
        guard let provider = channel as? any SocketOptionProvider else { throw Failure(description: "it is no socket") }
        let information: Information
        do {
            information = try await provider.unsafeGetSocketOption(
                level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_INFO)
            ).get()
        } catch {
            throw failure(error)
        }
        return withUnsafeBytes(of: information) { bytes in
            // tcpi_unacked: segments on their way; tcpi_notsent_bytes: bytes that were not sent yet.
            let unacknowledged = bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
            let unsent = bytes.loadUnaligned(fromByteOffset: 144, as: UInt32.self)
            // tcpi_bytes_acked
            return Queue(
                isEmpty: unacknowledged == 0 && unsent == 0,
                acknowledged: bytes.loadUnaligned(fromByteOffset: 120, as: UInt64.self))
        }
    }
}

/// The first error of a connection.
private final class Fault: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func note(_ error: any Error) { first.withLock { if $0 == nil { $0 = error } } }
}

/// What has become of a write.
private final class Sending: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)

    var isDone: Bool { if case .success? = result.withLock({ $0 }) { true } else { false } }
    var error: (any Error)? { if case .failure(let error)? = result.withLock({ $0 }) { error } else { nil } }

    func end(_ result: Result<Void, any Error>) { self.result.withLock { $0 = result } }
}

/// Takes what the receiver sends, which is nothing that counts, and notes why the connection ends.
private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let fault: Fault

    init(_ fault: Fault) { self.fault = fault }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fault.note(error)
        context.close(promise: nil)
    }
}
