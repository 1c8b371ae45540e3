import AdminAPI
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOSSL
import ServiceSupport

/// Sends requests to ADMIN and makes values or errors of its answers.
struct AdminClient: Sendable {
    /// Bytes of an answer that are read at most: the largest export and some more.
    private static let limit = 80 << 20

    private let settings: Settings
    private let http: HTTPClient

    init(_ settings: Settings) throws(CommandError) {
        self.settings = settings
        var tls = TLSConfiguration.makeClientConfiguration()
        if let path = settings.caFile {
            let text: String
            do throws(FileError) {
                text = try LocalFile.text(path)
            } catch {
                throw CommandError("ca-file \(error)")
            }
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)), !roots.isEmpty else {
                throw CommandError("\(path): no certificates (PEM) can be read from it")
            }
            tls.trustRoots = .certificates(roots)
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(Int64(min(settings.timeout, 10)))))
        // Someone is waiting at the terminal: an ADMIN that is not there is told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async {
        // The answer is in hand; a connection that does not close properly changes nothing.
        try? await http.shutdown()
    }

    /// The answer with a status of 2xx; any other is thrown, its places in the body told in words of `places`.
    func send(_ request: AdminRequest, places: SourceMap = SourceMap()) async throws -> AdminAnswer {
        var message = HTTPClientRequest(url: settings.adminURL.description + request.target)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.headers.add(name: "Accept", value: request.accept)
        message.headers.add(name: "User-Agent", value: "portcullis")
        if request.onlyWhenAbsent { message.headers.add(name: "If-None-Match", value: "*") }
        if let token = settings.token { message.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = request.body {
            message.headers.add(name: "Content-Type", value: body.contentType)
            message.body = .bytes(ByteBuffer(data: body.data))
        }
        let answer: AdminAnswer
        do {
            let response = try await http.execute(message, timeout: .seconds(Int64(settings.timeout)))
            let body = try await response.body.collect(upTo: Self.limit)
            answer = AdminAnswer(
                status: Int(response.status.code), contentType: response.headers.first(name: "Content-Type") ?? "",
                data: Data(buffer: body))
        } catch {
            throw TransportErrorText.commandError(error, settings, request)
        }
        guard (200..<300).contains(answer.status) else { throw AnswerErrorText.commandError(answer, places) }
        return answer
    }

    /// The value of a JSON answer.
    func value<Value: Decodable>(
        _ request: AdminRequest, as type: Value.Type = Value.self, places: SourceMap = SourceMap()
    ) async throws -> Value {
        let answer = try await send(request, places: places)
        do {
            return try JSONDecoder().decode(type, from: answer.data)
        } catch {
            throw CommandError(
                "the answer of \(settings.adminURL)\(request.target) is not understood",
                hint: "Is this an ADMIN of the same version as this command?")
        }
    }
}
