import AdminAPI
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceSupport
import Text

/// Sends messages as mail through a mail server. Each message has a connection of its own.
struct EmailChannel: NoticeChannel {
    /// What settings name, read from its files.
    struct Target: Sendable, Equatable {
        var settings: EmailSettings
        var password: [UInt8]
        /// Certificates in PEM.
        var authorities: [UInt8]?
    }

    private let target: Target
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// The time for a connection, and for a whole attempt.
    private static let connectLimit = TimeAmount.seconds(10)
    private static let limit = Duration.seconds(60)

    init(_ target: Target, now: @escaping @Sendable () -> Date, logger: Logger) {
        self.target = target
        self.now = now
        self.logger = logger
    }

    func shutdown() async {}

    func deliver(_ message: NoticeMessage) async -> DeliveryResult {
        do {
            return try await withThrowingTaskGroup(of: DeliveryResult.self) { group in
                group.addTask { try await self.send(message) }
                group.addTask {
                    try await Task.sleep(for: Self.limit)
                    return .unavailable("no answer in time")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .unavailable("no answer")
            }
        } catch {
            return .unavailable(Self.reason(error))
        }
    }

    private func send(_ message: NoticeMessage) async throws -> DeliveryResult {
        let settings = target.settings
        let mail = MailMessage(
            message, from: settings.from, to: settings.to.map(\.wrappedValue), date: now())
        let dialogue = SMTPDialogue(
            encryption: settings.encryption, from: settings.from, to: settings.to.map(\.wrappedValue),
            user: settings.user?.wrappedValue, password: target.password)
        let context = settings.encryption == .none ? nil : try NIOSSLContext(configuration: configuration())
        let isEncrypted = settings.encryption == .implicit
        let host = settings.host
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(Self.connectLimit)
            .connect(host: host, port: settings.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isEncrypted, let context {
                        try channel.pipeline.syncOperations.addHandler(SMTPWire.handler(context, host))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let outcome = try await channel.executeThenClose { inbound, outbound in
            var wire = SMTPWire(channel.channel, inbound.makeAsyncIterator(), outbound, host: host, context)
            return try await dialogue.deliver(mail, over: &wire)
        }
        for missed in outcome.missed {
            logger.error("a recipient of notices is refused", metadata: ["reason": "\(missed)"])
        }
        return outcome.result
    }

    private func configuration() throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities = target.authorities {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
        }
        return tls
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError: ConnectionProblem.reason(error)
        case let error as IOError: ConnectionProblem.reason(error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: ConnectionProblem.encryption
        case let error as SMTPWire.Problem: error.words
        default: "the connection is broken"
        }
    }
}

extension EmailChannel.Target {
    /// Reads the password.
    ///
    /// Throws `SettingsError` with the channel's place.
    init(_ email: EmailSettings, _ settings: NoticeChannelSettings) throws(SettingsError) {
        var password: [UInt8] = []
        if let path = email.passwordFile {
            password = try settings.secret(path, "password-file")
            guard (1...4_096).contains(password.count), !password.contains(0) else {
                throw SettingsError(
                    "\(settings.place): password-file \(path.printable): a password has 1 to 4096 bytes, none of them zero"
                )
            }
        }
        self.init(settings: email, password: password, authorities: try settings.authorities())
    }
}
