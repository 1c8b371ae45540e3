import GatewaySync
import NIOHTTP1
import ServicesExport
import Testing

@Suite struct AdminExportSourceTests {
    private static let export = Array((ServicesCSV.header + "\n" + Row.web(1) + "\n").utf8)
    private static let digest = ExportDigest(of: export)

    private static func good(_ change: (inout StubServer.Answer) -> Void = { _ in }) -> StubServer.Answer {
        var answer = StubServer.Answer(
            status: .ok,
            headers: [
                "Content-Type": ServicesCSV.contentType, "ETag": digest.etag, "Content-Digest": digest.contentDigest,
            ], body: export)
        change(&answer)
        return answer
    }

    /// Asks a server that gives the answer.
    private func fetch(
        _ answer: StubServer.Answer, known: ExportDigest? = nil,
        configure: (inout GatewayConfiguration) -> Void = { _ in }
    ) async throws -> (Result<ExportAnswer, any Error>, HTTPHeaders?) {
        let server = try await StubServer { _ in answer }
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = server.url + "/"
        configuration.location = "tcn"
        configuration.timeout = 60
        configure(&configuration)
        let source = try AdminExportSource(configuration)
        let result: Result<ExportAnswer, any Error>
        do {
            result = .success(try await source.fetch(ExportRequest(known: known, applied: known)))
        } catch {
            result = .failure(error)
        }
        let request = server.requests.first
        await source.shutdown()
        await server.close()
        return (result, request?.headers)
    }

    @Test("an export is taken with its digest, and the gateway names itself")
    func taken() async throws {
        let (result, headers) = try await fetch(Self.good())
        #expect(try result.get() == .export(Self.export, Self.digest, held: false))
        #expect(headers?["Portcullis-Gateway"] == ["gw1"])
        #expect(headers?["Portcullis-Role"] == ["active"])
        #expect(headers?.contains(name: "If-None-Match") == false)
        #expect(headers?.contains(name: "Authorization") == false)
    }

    @Test("the export at hand is asked for conditionally; 304 is no export")
    func conditional() async throws {
        let (result, headers) = try await fetch(StubServer.Answer(status: .notModified), known: Self.digest)
        #expect(try result.get() == .unchanged(nil, held: false))
        #expect(headers?["If-None-Match"] == [Self.digest.etag])
        #expect(headers?["Portcullis-Applied"] == [Self.digest.etag])
    }

    @Test("waiting is asked for when configured, and noticed when it was granted")
    func waiting() async throws {
        let answer = StubServer.Answer(status: .notModified, headers: ["Preference-Applied": "wait=20"])
        let (result, headers) = try await fetch(answer, known: Self.digest) { $0.wait = 20 }
        #expect(try result.get() == .unchanged(nil, held: true))
        #expect(headers?["Prefer"] == ["wait=20"])
    }

    @Test("the token is sent, without the line feed of its file")
    func token() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("token", "s3cret\n")
        let (_, headers) = try await fetch(Self.good()) { $0.tokenFile = file }
        #expect(headers?["Authorization"] == ["Bearer s3cret"])
    }

    @Test(
        "an answer that is not the export whole is refused, and says why",
        arguments: [
            ("damaged", good { $0.body[200] ^= 1 }, "damaged on the way"),
            ("cut off", good { $0.isCutOff = true }, "broke off"),
            ("without digest", good { $0.headers.remove(name: "Content-Digest") }, "without a SHA-256"),
            ("a web page", good { $0.headers.replaceOrAdd(name: "Content-Type", value: "text/html") }, "not text/csv"),
            (
                "redirect", StubServer.Answer(status: .movedPermanently, headers: ["Location": "https://example.org/"]),
                "redirects to https://example.org/"
            ),
            ("wrong token", StubServer.Answer(status: .unauthorized), "token-file"),
            ("unknown location", StubServer.Answer(status: .notFound), "does it know the location"),
            ("trouble", StubServer.Answer(status: .internalServerError), "500"),
            ("304 to a first request", StubServer.Answer(status: .notModified), "304 to a first request"),
        ])
    func refused(name: String, answer: StubServer.Answer, message: String) async throws {
        let (result, _) = try await fetch(answer)
        let error = try #require(throws: ExportSourceError.self) { try result.get() }
        #expect("\(error)".contains(message))
    }

    @Test("an ADMIN that is away is an error that names it")
    func away() async throws {
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = "http://127.0.0.1:9"
        configuration.location = "tcn"
        configuration.timeout = 60
        let source = try AdminExportSource(configuration)
        let error = await #expect(throws: ExportSourceError.self) {
            try await source.fetch(ExportRequest())
        }
        #expect(
            error?.description.hasPrefix("ADMIN at http://127.0.0.1:9/v1/locations/tcn/services.csv cannot be") == true)
        await source.shutdown()
    }
}
