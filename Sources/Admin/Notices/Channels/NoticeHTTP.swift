import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceSupport
import Synchronization

/// The connections of a channel that speaks HTTP.
///
/// No error of it repeats the URL, which may be secret.
final class NoticeHTTP: Sendable {
    /// A whole answer, or why there is none.
    enum Outcome: Sendable {
        case answer(status: UInt, headers: HTTPHeaders, body: [UInt8])
        case none(String)
    }

    /// Certificates in PEM to trust instead of the system's.
    private let authorities: [UInt8]?
    /// Made with the first message: one that nobody uses need not be closed.
    private let http = Mutex<HTTPClient?>(nil)

    /// The time for a connection, and for a whole attempt.
    private static let connectLimit = TimeAmount.seconds(5)
    private static let limit = Duration.seconds(15)
    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 10

    init(authorities: [UInt8]?) { self.authorities = authorities }

    private func client() throws -> HTTPClient {
        try http.withLock { http in
            if let http { return http }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.timeout = .init(connect: Self.connectLimit, read: .seconds(10))
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.httpVersion = .http1Only
            configuration.decompression = .disabled
            if let authorities {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
                configuration.tlsConfiguration = tls
            }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            http = client
            return client
        }
    }

    /// Closes the connections. The next request opens new ones.
    func shutdown() async {
        let client = http.withLock { http in
            defer { http = nil }
            return http
        }
        try? await client?.shutdown()
    }

    /// Sends a body of JSON once.
    func post(_ url: String, _ body: [UInt8], _ headers: [(name: String, value: String)] = []) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "portcullis-admin/\(ProgramVersion.text)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        return await send(request)
    }

    /// Asks for a URL once.
    func get(_ url: String) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "portcullis-admin/\(ProgramVersion.text)")
        return await send(request)
    }

    private func send(_ request: HTTPClientRequest) async -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome.self) { [request] group in
                group.addTask { try await self.execute(request) }
                group.addTask {
                    try await Task.sleep(for: Self.limit)
                    return .none("no answer in time")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .none("no answer")
            }
        } catch {
            return .none(Self.reason(error))
        }
    }

    private func execute(_ request: HTTPClientRequest) async throws -> Outcome {
        let response = try await client().execute(request, timeout: .seconds(15))
        // An answer that breaks off is none: nobody knows what the receiver has done.
        var body: [UInt8] = []
        for try await part in response.body {
            body += part.readableBytesView
            guard body.count <= Self.longestAnswer else { break }
        }
        return .answer(status: response.status.code, headers: response.headers, body: body)
    }

    /// Why there is no answer, without the URL.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError: ConnectionProblem.reason(error)
        case let error as IOError: ConnectionProblem.reason(error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: ConnectionProblem.encryption
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

/// Why a receiver cannot be reached, in words.
enum ConnectionProblem {
    static let encryption = "no encrypted connection: its certificate is not trusted, or it does not speak TLS"

    static func reason(_ error: NIOConnectionError) -> String {
        guard !error.connectionErrors.isEmpty else { return "its name is not known" }
        return (error.connectionErrors.first?.error as? IOError).map(reason) ?? "no connection"
    }

    static func reason(_ error: IOError) -> String { FileError.reason(error.errnoCode) }
}
