import AdminAPI
import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Registry
import ServiceSupport
import Synchronization
import Text

/// Sends messages to a URL.
final class WebhookChannel: Sendable {
    /// What settings name, read from its files.
    struct Target: Sendable, Equatable {
        var url: String
        /// The key of the signatures.
        var secret: [UInt8]?
        /// Certificates in PEM.
        var authorities: [UInt8]?
    }

    private let target: Target
    private let now: @Sendable () -> Date
    /// Made with the first message: one that nobody uses need not be closed.
    private let http = Mutex<HTTPClient?>(nil)

    /// The time for a connection, and for a whole attempt.
    private static let connectLimit = TimeAmount.seconds(5)
    private static let limit = Duration.seconds(15)
    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 10

    init(_ target: Target, now: @escaping @Sendable () -> Date) {
        self.target = target
        self.now = now
    }

    private func client() throws -> HTTPClient {
        try http.withLock { http in
            if let http { return http }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.timeout = .init(connect: Self.connectLimit, read: .seconds(10))
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.httpVersion = .http1Only
            configuration.decompression = .disabled
            if let authorities = target.authorities {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
                configuration.tlsConfiguration = tls
            }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            http = client
            return client
        }
    }

    /// Closes the connections. The next message opens new ones.
    func shutdown() async {
        let client = http.withLock { http in
            defer { http = nil }
            return http
        }
        try? await client?.shutdown()
    }

    /// Tries once. A cancelled attempt counts as one that has not arrived.
    func deliver(_ message: NoticeMessage) async -> DeliveryResult {
        let body = message.jsonBytes
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: MediaType.json)
        request.headers.add(name: "User-Agent", value: "portcullis-admin/\(ProgramVersion.text)")
        for (name, value) in Self.headers(id: message.id, body, at: now(), secret: target.secret) {
            request.headers.add(name: name, value: value)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            return try await withThrowingTaskGroup(of: DeliveryResult.self) { [request] group in
                group.addTask { try await self.send(request) }
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

    private func send(_ request: HTTPClientRequest) async throws -> DeliveryResult {
        let response = try await client().execute(request, timeout: .seconds(15))
        let result = DeliveryResult(
            status: response.status.code, retryAfter: response.headers.first(name: "Retry-After"), now: now())
        // An answer that breaks off is none: nobody knows what the receiver has done.
        var size = 0
        for try await part in response.body {
            size += part.readableBytes
            guard size <= Self.longestAnswer else { break }
        }
        return result
    }

    /// The headers of a message that a receiver checks.
    static func headers(
        id: String, _ body: some Sequence<UInt8>, at time: Date, secret: [UInt8]?
    ) -> [(name: String, value: String)] {
        let stamp = "\(Int(time.timeIntervalSince1970))"
        var headers = [(name: "Portcullis-Notice", value: id), (name: "Portcullis-Timestamp", value: stamp)]
        if let secret {
            let signed = Array(stamp.utf8) + [UInt8(ascii: ".")] + Array(body)
            let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: secret))
            headers.append((name: "Portcullis-Signature", value: "sha256=\(code.hexadecimal)"))
        }
        return headers
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: "its name is not known"
        case let error as NIOConnectionError:
            (error.connectionErrors.first?.error as? IOError).map { FileError.reason($0.errnoCode) } ?? "no connection"
        case let error as IOError: FileError.reason(error.errnoCode)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            "no encrypted connection: its certificate is not trusted, or it does not speak TLS"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "it closed the connection without an answer"
        case let error as HTTPClientError
        where error == .deadlineExceeded || error == .readTimeout || error == .connectTimeout
            || error == .tlsHandshakeTimeout:
            "no answer in time"
        default: "the connection or the answer is broken"
        }
    }
}

extension WebhookChannel.Target {
    /// Bytes of a key of signatures.
    private static let secretSizes = 16...4_096

    /// Reads the files of a channel's settings.
    ///
    /// Throws `SettingsError` with the channel's place.
    init(_ settings: NoticeChannelSettings) throws(SettingsError) {
        url = settings.url
        if let path = settings.secretFile {
            var bytes = try Self.read(path, "secret-file", settings)
            while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            guard Self.secretSizes.contains(bytes.count) else {
                throw SettingsError(
                    "\(settings.place): secret-file \(path.printable): a key of signatures has "
                        + "\(Self.secretSizes.lowerBound) to \(Self.secretSizes.upperBound) bytes, this one has \(bytes.count)"
                )
            }
            secret = bytes
        }
        if let path = settings.caFile {
            let bytes = try Self.read(path, "ca-file", settings)
            guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
                throw SettingsError("\(settings.place): ca-file \(path.printable): there is no certificate (PEM) in it")
            }
            authorities = bytes
        }
    }

    private static func read(
        _ path: String, _ key: String, _ settings: NoticeChannelSettings
    ) throws(SettingsError) -> [UInt8] {
        do {
            guard let bytes = try Files.read(path, limit: 1 << 20) else {
                throw SettingsError("\(settings.place): \(key) \(path.printable) is not there")
            }
            return bytes
        } catch let error as FileError {
            throw SettingsError("\(settings.place): \(key) \(error)")
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError("\(settings.place): \(key) \(error)")
        }
    }
}
