import AdminClient
import Foundation
import GatewayDaemon
import GatewaySync
import HTTPTestSupport
import NIOHTTP1
import ServiceSupport
import ServicesExport
import Testing

@Suite struct AdminExportSourceTests {
    private static let export = Array((ServicesCSV.Version.one.header + "\n" + Row.web(1) + "\n").utf8)
    private static let digest = ExportDigest(of: export)
    /// Of nobody: only read, never trusted.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBiDCCAS2gAwIBAgIUL47DGOIk4kVAdCIAkCBPIRGpTX4wCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNYWRtaW4uZXhhbXBsZTAgFw0yNjExMjgwNjU3NTZaGA8yMTI2
        MTEwNDA2NTc1NlowGDEWMBQGA1UEAwwNYWRtaW4uZXhhbXBsZTBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABD5SybmvhnV3a3g5hxn0KA5FLh+pcFvnmuWeULAMZfcx
        MaB+fkLyOtXvcGU7rsKomrRmbQLFSzWyGTIQfzi6VpijUzBRMB0GA1UdDgQWBBS3
        lWqCNSsm2DNpE07CgO9fU2IVIjAfBgNVHSMEGDAWgBS3lWqCNSsm2DNpE07CgO9f
        U2IVIjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCx8z6DRTTJ
        m/yOzVeF7ttQUhv3zhlBnHuyWZoW57utfQIhAJA7bLWjfCfHBL0A68xqYuWDB5Sp
        /rS8TFXq012CfRmd
        -----END CERTIFICATE-----

        """

    fileprivate static func good(_ change: (inout StubServer.Answer) -> Void = { _ in }) -> StubServer.Answer {
        var answer = StubServer.Answer(
            status: .ok,
            headers: [
                "Content-Type": ServicesCSV.Version.one.contentType, "ETag": digest.etag,
                "Content-Digest": digest.contentDigest,
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
        configuration.adminURL = try AdminURLs(server.url + "/")
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
        "a token file with more than one word, or none, holds no token",
        arguments: [
            "old\nnew\n", "old new", "old\r\nX-Evil: 1\r\n", "old\u{A0}new", "\u{FEFF}old\n", "old\0\n",
        ].map { ($0, "this is no bearer token (letters, digits and -._~+/ only, and = at its end)") }
            + [(" \n\t", "the token is empty")])
    func severalTokens(text: String, reason: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("token", text)
        let error = await #expect(throws: FileError.self) { try await fetch(Self.good()) { $0.tokenFile = file } }
        #expect(error?.description == "read token \(file): \(reason)")
    }

    /// A source with a token file, and what each of its requests showed of it. ADMIN knows the last token given to
    /// `admit`.
    private final class Rotation: Sendable {
        let directory: TemporaryDirectory
        let file: String
        let server: StubServer
        let source: AdminExportSource

        init(_ token: String) async throws {
            directory = try TemporaryDirectory()
            file = try directory.write("token", token)
            server = try await StubServer { _ in StubServer.Answer(status: .unauthorized) }
            var configuration = GatewayConfiguration(name: "gw1")
            configuration.adminURL = try AdminURLs(server.url)
            configuration.location = "tcn"
            configuration.timeout = 60
            configuration.tokenFile = file
            source = try AdminExportSource(configuration)
        }

        func admit(_ token: String) {
            server.answer { head in
                head.headers["Authorization"] == ["Bearer \(token)"]
                    ? AdminExportSourceTests.good() : StubServer.Answer(status: .unauthorized)
            }
        }

        var shown: [String?] { server.requests.map { $0.headers["Authorization"].first } }

        func end() async {
            await source.shutdown()
            await server.close()
        }
    }

    @Test("a token that is renewed is shown with the next poll, without a restart")
    func renewedToken() async throws {
        let rotation = try await Rotation("old\n")
        rotation.admit("old")
        _ = try await rotation.source.fetch(ExportRequest())
        _ = try rotation.directory.write("token", "new-token\n")
        rotation.admit("new-token")
        _ = try await rotation.source.fetch(ExportRequest())
        #expect(rotation.shown == ["Bearer old", "Bearer new-token"])
        #expect(rotation.source.problem == nil)
        await rotation.end()
    }

    @Test("a FIFO in the place of the token, which nobody writes to, holds up no poll: the token before goes on")
    func tokenBecomesFIFO() async throws {
        let rotation = try await Rotation("old")
        rotation.admit("old")
        _ = try await rotation.source.fetch(ExportRequest())
        #expect(unlink(rotation.file) == 0 && mkfifo(rotation.file, 0o600) == 0)
        _ = try await rotation.source.fetch(ExportRequest())
        #expect(rotation.shown == ["Bearer old", "Bearer old"])
        #expect(
            rotation.source.problem
                == "read \(rotation.file): is a FIFO, not a regular file; what was read before goes on")
        await rotation.end()
    }

    @Test("a token that is changed while ADMIN answers is tried within the same poll")
    func tokenChangedMeanwhile() async throws {
        let rotation = try await Rotation("old\n")
        rotation.server.answer { [directory = rotation.directory] head in
            _ = try? directory.write("token", "new\n")
            return head.headers["Authorization"] == ["Bearer new"]
                ? AdminExportSourceTests.good() : StubServer.Answer(status: .unauthorized)
        }
        _ = try await rotation.source.fetch(ExportRequest())
        #expect(rotation.shown == ["Bearer old", "Bearer new"])
        await rotation.end()
    }

    @Test("a token that ADMIN does not know is shown once in a poll, and the error names its file")
    func unknownToken() async throws {
        let rotation = try await Rotation("wrong\n")
        rotation.admit("right")
        let error = await #expect(throws: ExportSourceError.self) {
            try await rotation.source.fetch(ExportRequest())
        }
        #expect(error?.description.contains("the token in \(rotation.file) is not one of role gateway") == true)
        #expect(rotation.shown.count == 1)
        await rotation.end()
    }

    @Test("a refusal is told in ADMIN's own words")
    func refusal() async throws {
        let rotation = try await Rotation("another\n")
        rotation.server.answer { _ in
            StubServer.Answer(
                status: .forbidden, headers: ["Content-Type": "application/problem+json"],
                body: Array(#"{"detail": "Token gw1 is of the gateway tcn/gw1.", "errors": []}"#.utf8))
        }
        let error = await #expect(throws: ExportSourceError.self) {
            try await rotation.source.fetch(ExportRequest())
        }
        let expected = "the token in \(rotation.file) is refused: Token gw1 is of the gateway tcn/gw1."
        #expect(error?.description.contains(expected) == true, "\(error as Any)")
        await rotation.end()
    }

    @Test(
        "while a token file is gone or unusable the token before goes on, and the problem names the file",
        arguments: [nil, "", "\n", "two words\u{7}", "\u{e9}"])
    func unusableToken(text: String?) async throws {
        let rotation = try await Rotation("old\n")
        rotation.admit("old")
        if let text {
            _ = try rotation.directory.write("token", text)
        } else {
            try FileManager.default.removeItem(atPath: rotation.file)
        }
        _ = try await rotation.source.fetch(ExportRequest())
        let problem = try #require(rotation.source.problem)
        #expect(problem.contains("read token \(rotation.file): ") && problem.contains("goes on"))
        _ = try rotation.directory.write("token", "old\n")
        _ = try await rotation.source.fetch(ExportRequest())
        #expect(rotation.source.problem == nil)
        await rotation.end()
    }

    @Test("certificates that are renewed are used with the next poll; those that cannot be read leave the ones before")
    func renewedCertificates() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("ca.pem", Self.certificate)
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = try AdminURLs("http://127.0.0.1:9")
        configuration.location = "tcn"
        configuration.caFile = file
        let source = try AdminExportSource(configuration)
        _ = try directory.write("ca.pem", "half of a certific")
        _ = try? await source.fetch(ExportRequest())
        #expect(source.problem?.contains("read certificates \(file): there is no certificate (PEM) in it") == true)
        _ = try directory.write("ca.pem", Self.certificate + Self.certificate)
        _ = try? await source.fetch(ExportRequest())
        #expect(source.problem == nil)
        await source.shutdown()
    }

    @Test(
        "an answer that is not the export whole is refused, and says why",
        arguments: [
            ("damaged", good { $0.body[200] ^= 1 }, "damaged on the way"),
            ("cut off", good { $0.ending = .cutOff }, "broke off"),
            ("without digest", good { $0.headers.remove(name: "Content-Digest") }, "without a SHA-256"),
            ("a web page", good { $0.headers.replaceOrAdd(name: "Content-Type", value: "text/html") }, "not text/csv"),
            (
                "redirect", StubServer.Answer(status: .movedPermanently, headers: ["Location": "https://example.org/"]),
                "redirects to https://example.org/"
            ),
            ("wrong token", StubServer.Answer(status: .unauthorized), "it wants a token-file"),
            ("unknown location", StubServer.Answer(status: .notFound), "does it know the location"),
            ("trouble", StubServer.Answer(status: .internalServerError), "500"),
            ("304 to a first request", StubServer.Answer(status: .notModified), "304 to a first request"),
        ])
    func refused(name: String, answer: StubServer.Answer, message: String) async throws {
        let (result, _) = try await fetch(answer)
        let error = try #require(throws: ExportSourceError.self) { try result.get() }
        #expect("\(error)".contains(message))
    }

    @Test("where one address of ADMIN is out of reach, the export comes from the next; where all are, each is named")
    func severalAddresses() async throws {
        let server = try await StubServer { _ in Self.good() }
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = try AdminURLs("http://127.0.0.1:9, \(server.url)")
        configuration.location = "tcn"
        configuration.timeout = 60
        let source = try AdminExportSource(configuration)
        #expect(try await source.fetch(ExportRequest()) == .export(Self.export, Self.digest, held: false))
        #expect(!source.isReceiving)
        let url = server.url
        await server.close()
        let error = await #expect(throws: ExportSourceError.self) { try await source.fetch(ExportRequest()) }
        #expect(error?.description.contains(url) == true && error?.description.contains("127.0.0.1:9") == true)
        #expect(error?.code == .unreachable)
        await source.shutdown()
    }

    @Test("an ADMIN that is away is an error that names it")
    func away() async throws {
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = try AdminURLs("http://127.0.0.1:9")
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
