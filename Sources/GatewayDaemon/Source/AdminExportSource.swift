import AdminAPI
import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceSupport
import ServicesExport
import Synchronization
import Text

/// The export over HTTP from ADMIN: conditional, verified, limited in size and time.
public final class AdminExportSource: ExportSource {
    /// One: with several, each poll may come to another and open a connection of its own there.
    private let eventLoops: MultiThreadedEventLoopGroup
    private let client: HTTPClient
    /// Where answers come in: what awaits them here is not woken from another thread.
    public let executor: EventLoopExecutor
    private let url: String
    private let token: RenewedFile<String>?
    private let certificates: RenewedFile<TLSConfiguration>?
    private let headers: HTTPHeaders
    private let name: String
    private let wait: Int
    /// For the whole of a poll.
    private let timeLimit: TimeAmount

    private let announces: Bool
    private let receiving = Mutex(false)

    /// - Parameter announces: whether the poll is a heartbeat; a look at what would be done is none.
    /// - Throws: when the token or the certificates cannot be read.
    public init(_ configuration: GatewayConfiguration, announces: Bool = true) throws {
        self.announces = announces
        url = try configuration.exportURL()
        token = try configuration.tokenFile.map { path in
            try RenewedFile("read token", path) { (bytes) throws(FileError) in try Self.token(in: bytes, of: path) }
        }
        certificates = try configuration.caFile.map { path in
            try RenewedFile("read certificates", path) { (bytes) throws(FileError) in
                try Self.certificates(in: bytes, of: path)
            }
        }
        wait = configuration.wait
        timeLimit = .seconds(Int64(configuration.timeout + configuration.wait))
        headers = ["Accept": "text/csv", "User-Agent": "portcullis-gateway"]
        name = configuration.name
        var settings = HTTPClient.Configuration()
        // ADMIN answers itself; a token is shown to nobody else.
        settings.redirectConfiguration = .disallow
        settings.timeout = .init(
            connect: .seconds(Int64(min(configuration.timeout, 10))),
            read: .seconds(Int64(configuration.timeout + configuration.wait)))
        // The next poll is the next try.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.httpVersion = .http1Only
        settings.decompression = .disabled
        eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        executor = EventLoopExecutor(eventLoops.next())
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoops), configuration: settings)
    }

    /// Ends open connections; nothing can be fetched afterwards.
    public func shutdown() async {
        try? await client.shutdown()
        try? await eventLoops.shutdownGracefully()
    }

    private static func token(in bytes: [UInt8], of path: String) throws(FileError) -> String {
        let token = String(String(decoding: bytes, as: UTF8.self).withoutSurroundingSpace)
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw FileError("read token", path, reason: "it must hold one line with the token")
        }
        return token
    }

    private static func certificates(in bytes: [UInt8], of path: String) throws(FileError) -> TLSConfiguration {
        guard let roots = try? NIOSSLCertificate.fromPEMBytes(bytes), !roots.isEmpty else {
            throw FileError("read certificates", path, reason: "there is no certificate (PEM) in it")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(roots)
        return tls
    }

    public var problem: String? {
        let problems = [token?.problem, certificates?.problem].compactMap(\.self)
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }

    public var isReceiving: Bool { receiving.withLock { $0 } }

    public func fetch(_ request: ExportRequest) async throws -> ExportAnswer {
        let deadline = NIODeadline.now() + timeLimit
        let response = try await ask(request, deadline: deadline)
        guard response.status != .notModified else { return try unchanged(response, request) }
        receiving.withLock { $0 = true }
        defer { receiving.withLock { $0 = false } }
        // Over all: the client's own limits are between two reads, which a server that trickles keeps to for ever.
        return try await withTimeLimit(.nanoseconds((deadline - .now()).nanoseconds)) { [self] in
            try await answer(response)
        } otherwise: { [self] in
            incomplete
        }
    }

    private func ask(_ request: ExportRequest, deadline: NIODeadline) async throws -> HTTPClientResponse {
        let shown = token?.current()
        let response = try await execute(message(request, token: shown), deadline: deadline)
        // The token may have been changed between our look at the file and ADMIN's at the request, or while ADMIN held
        // its answer.
        guard response.status == .unauthorized, let renewed = token?.read(), renewed != shown else { return response }
        return try await execute(message(request, token: renewed), deadline: deadline)
    }

    private var incomplete: ExportSourceError {
        ExportSourceError(
            .timedOut, "ADMIN at \(url) gave no complete answer within \(timeLimit.nanoseconds / 1_000_000_000) s")
    }

    private func message(_ request: ExportRequest, token: String?) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: url)
        message.headers = headers
        message.tlsConfiguration = certificates?.current()
        if let token { message.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let atHand = [request.known, request.held?.digest].compactMap { $0?.etag }
        if !atHand.isEmpty { message.headers.add(name: "If-None-Match", value: atHand.joined(separator: ", ")) }
        if wait > 0, request.known != nil { message.headers.add(name: "Prefer", value: "wait=\(wait)") }
        guard announces else { return message }
        message.headers.add(name: "Portcullis-Gateway", value: name)
        message.headers.add(name: "Portcullis-Role", value: request.role.rawValue)
        if let applied = request.applied { message.headers.add(name: "Portcullis-Applied", value: applied.etag) }
        if let held = request.held {
            message.headers.add(name: "Portcullis-Held", value: held.digest.etag)
            message.headers.add(name: "Portcullis-Held-Reason", value: Self.headerText(held.reason))
            message.headers.add(
                name: "Portcullis-Held-Decision", value: held.isRejected ? "rejected" : "pending")
        }
        message.headers.add(name: "Portcullis-Failures", value: "\(request.failures)")
        return message
    }

    /// Printable ASCII, at most 400 bytes.
    private static func headerText(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }.prefix(400), as: UTF8.self)
    }

    private func execute(_ message: HTTPClientRequest, deadline: NIODeadline) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(message, deadline: deadline)
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            throw incomplete
        } catch let error as HTTPClientError where error == .readTimeout {
            throw ExportSourceError(.timedOut, "ADMIN at \(url) does not answer: \(error)")
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            throw ExportSourceError(.brokenOff, "ADMIN at \(url) closed the connection before it answered")
        } catch is HTTPParserError {
            throw ExportSourceError(.brokenOff, "what listens at \(url) does not speak HTTP")
        } catch {
            try Task.checkCancellation()
            throw ExportSourceError(.unreachable, "ADMIN at \(url) cannot be reached: \(error)")
        }
    }

    private func unchanged(_ response: HTTPClientResponse, _ request: ExportRequest) throws -> ExportAnswer {
        guard request.known != nil || request.held != nil else {
            throw ExportSourceError(.badStatus, "ADMIN at \(url) answered 304 to a first request")
        }
        return .unchanged(
            response.headers.first(name: "ETag").flatMap { ExportDigest(etag: $0) }, held: Self.wasHeld(response))
    }

    private static func wasHeld(_ response: HTTPClientResponse) -> Bool {
        response.headers["Preference-Applied"].contains { $0.contains("wait") }
    }

    private func answer(_ response: HTTPClientResponse) async throws -> ExportAnswer {
        switch response.status.code {
        case 200:
            return try await read(response)
        case 300..<400:
            let target = response.headers.first(name: "Location") ?? "elsewhere"
            throw ExportSourceError(
                .redirected, "ADMIN at \(url) redirects to \(target): set admin-url to where it is")
        case 401, 403:
            let detail = await Self.detail(of: response)
            let reason =
                token.map { token in
                    detail.map { "the token in \(token.path) is refused: \($0)" }
                        ?? "the token in \(token.path) is not one of role gateway"
                } ?? "it wants a token-file"
            throw ExportSourceError(
                .unauthorized, "ADMIN at \(url) answered \(response.status.code): \(reason)")
        case 404:
            throw ExportSourceError(.notFound, "ADMIN at \(url) answered 404: does it know the location?")
        default:
            let detail = await Self.detail(of: response).map { ": \($0)" } ?? ""
            throw ExportSourceError(.badStatus, "ADMIN at \(url) answered \(response.status)\(detail)")
        }
    }

    /// What a problem+json (RFC 9457) says, with the fields it names.
    private static func detail(of response: HTTPClientResponse) async -> String? {
        struct Problem: Decodable {
            struct Fault: Decodable {
                var pointer: String
                var detail: String
            }
            var detail: String?
            var errors: [Fault]?
        }
        guard response.headers.first(name: "Content-Type") == "application/problem+json",
            let body = try? await response.body.collect(upTo: 1 << 16),
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(body.readableBytesView))
        else { return nil }
        let faults = (problem.errors ?? []).prefix(3).map { "\($0.pointer): \($0.detail)" }
        return faults.isEmpty ? problem.detail : faults.joined(separator: "; ")
    }

    private func read(_ response: HTTPClientResponse) async throws -> ExportAnswer {
        let type = response.headers.first(name: "Content-Type") ?? "nothing"
        let mediaType = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard mediaType == "text/csv" else {
            throw ExportSourceError(.wrongType, "ADMIN at \(url) answered with \(type), not text/csv")
        }
        guard let field = response.headers.first(name: "Content-Digest"),
            let promised = ExportDigest(contentDigest: field)
        else {
            throw ExportSourceError(
                .wrongDigest, "ADMIN at \(url) sent an export without a SHA-256 Content-Digest")
        }
        let body: ByteBuffer
        do {
            body = try await response.body.collect(upTo: ServicesCSV.maximumSize)
        } catch is NIOTooManyBytesError {
            throw ExportSourceError(
                .tooLarge, "ADMIN at \(url) sent more than \(ServicesCSV.maximumSize) bytes")
        } catch {
            try Task.checkCancellation()
            throw ExportSourceError(.brokenOff, "the export from \(url) broke off: \(error)")
        }
        let bytes = Array(body.readableBytesView)
        let digest = ExportDigest(of: bytes)
        guard digest == promised else {
            throw ExportSourceError(
                .wrongDigest, "the export from \(url) was damaged on the way: its digest differs")
        }
        return .export(bytes, digest, held: Self.wasHeld(response))
    }
}

/// Runs `body` for as long as the limit; then cancels it and throws.
private func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value,
    otherwise error: @escaping @Sendable () -> any Error
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        // The first to end decides; a sleep that is cancelled from outside throws.
        guard let value = try await group.next() ?? nil else { throw error() }
        return value
    }
}
