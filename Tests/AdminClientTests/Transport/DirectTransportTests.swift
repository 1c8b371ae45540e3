import AdminAPI
import AdminClient
import Foundation
import HTTPTestSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite("Direct connections to ADMIN") struct DirectTransportTests {
    private static let reading = AdminRequest(.get, .servers)

    private func admin(
        _ url: String, token: TokenSource = .absent, trusting certificate: TestCertificate? = nil,
        timeout: Duration = .seconds(60)
    ) throws -> AdminConnector {
        AdminConnector(
            AdminConnectorSettings(
                addresses: try AdminURLs(url), token: token,
                certificates: try certificate.map {
                    try #require(TrustedCertificates(Array($0.certificate.utf8), from: "ca.pem"))
                },
                userAgent: "test", timeout: timeout),
            directlyOn: MultiThreadedEventLoopGroup.singleton.next())
    }

    /// Runs `body` with a server that gives this answer.
    private func with(
        _ answer: StubServer.Answer, token: TokenSource = .absent, timeout: Duration = .seconds(60),
        _ body: (StubServer, AdminConnector) async throws -> Void
    ) async throws {
        let server = try await StubServer { _ in answer }
        let admin = try admin(server.url, token: token, timeout: timeout)
        try await body(server, admin)
        await admin.shutdown()
        await server.close()
    }

    private func failure(_ admin: AdminConnector) async throws -> TransportError {
        try #require(
            await #expect(throws: TransportError.self) {
                var request = Self.reading
                request.limit = 100
                _ = try await admin.send(request)
            })
    }

    @Test("what a request has is what is sent, and the answer is all that came")
    func request() async throws {
        try await with(.ok("[1, 2]"), token: .value("abc")) { server, admin in
            var request = AdminRequest.change(.put, .server("app1"), dryRun: true)
            request.body = .init(contentType: MediaType.yaml, bytes: Array("a: b".utf8))
            request.wait = 3
            let answer = try await admin.send(request)
            #expect(answer.status == 200 && answer.body == Array("[1, 2]".utf8))
            let sent = try #require(server.requests.first)
            #expect(sent.method == .PUT && sent.uri == "/v1/servers/app1?dry_run=true")
            #expect(sent.headers["Host"] == ["127.0.0.1:\(server.port)"])
            #expect(sent.headers["Authorization"] == ["Bearer abc"] && sent.headers["User-Agent"] == ["test"])
            #expect(sent.headers["Content-Type"] == ["application/yaml"] && sent.headers["Content-Length"] == ["4"])
            #expect(sent.headers["Prefer"] == ["wait=3"])
        }
    }

    @Test("many requests need one connection, and two at a time need two")
    func keptConnection() async throws {
        try await with(StubServer.Answer(status: .notModified)) { server, admin in
            for _ in 0..<20 { _ = try await admin.send(Self.reading) }
            server.answer { _ in StubServer.Answer(status: .notFound, body: [1, 2, 3]) }
            for _ in 0..<20 { _ = try await admin.send(Self.reading) }
            #expect(server.connectionCount == 1)
            server.answer { _ in .ok() }
            async let first = admin.send(Self.reading)
            async let second = admin.send(Self.reading)
            #expect(try await (first.status, second.status) == (200, 200) && server.connectionCount <= 2)
        }
    }

    @Test("a name is resolved")
    func name() async throws {
        let server = try await StubServer { _ in .ok() }
        let admin = try admin("http://localhost:\(server.port)")
        #expect(try await admin.send(Self.reading).status == 200)
        await admin.shutdown()
        await server.close()
    }

    @Test("what goes wrong is told as by other connections")
    func failures() async throws {
        for (answer, kind) in [
            (StubServer.Answer.hungUp, TransportError.Kind.closed), (.silent, .timedOut),
            (.ok(ending: .stalled), .timedOut),
            (.ok(ending: .cutOff), .closed), (.ok(String(repeating: "x", count: 101)), .tooLarge),
        ] {
            try await with(answer, timeout: .milliseconds(300)) { server, admin in
                let error = try await failure(admin)
                #expect(error.kind == kind && error.mayHaveArrived)
                // Nothing of that connection is used again.
                server.answer { _ in .ok() }
                #expect(try await admin.send(Self.reading).status == 200)
            }
        }
        var long = AdminRequest(.get, .servers)
        long.problemLimit = 10
        try await with(StubServer.Answer(status: .notFound, body: Array(repeating: 0x20, count: 100))) { _, admin in
            let answer = try await admin.send(long)
            #expect(answer.status == 404 && answer.body == [])
        }
    }

    @Test("without a connection: refused, a name that nobody has, a certificate of nobody, http where TLS is expected")
    func unreachable() async throws {
        let closed = try await FaultyServer(.closed)
        let authority = closed.authority
        await closed.close()
        let refused = try await failure(try admin("http://\(authority)"))
        #expect(refused.kind == .unreachable && refused.reason == "connection refused" && !refused.mayHaveArrived)
        let unknown = try await failure(try admin("http://nobody.invalid:1"))
        #expect(unknown.kind == .unreachable && unknown.reason == "the name \"nobody.invalid\" is not known")

        for (trusted, fault) in [(TestCertificate.elsewhere, TLSFault.untrusted), (.loopback, .brokenOff)] {
            let server = try await FaultyServer(.tls(.loopback))
            let error = try await failure(
                try admin("https://\(server.authority)", trusting: trusted, timeout: .seconds(5)))
            if fault == .untrusted { #expect(error.kind == .tls(.untrusted) && !error.mayHaveArrived) }
            // The handshake succeeds, and then there is no answer.
            if fault == .brokenOff { #expect(error.kind != .tls(.untrusted)) }
            await server.close()
        }
        let plain = try await FaultyServer(.answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        let error = try await failure(try admin("https://\(plain.authority)"))
        #expect(error.kind == .tls(.notTLS) && !error.mayHaveArrived, "\(error.cause)")
        await plain.close()
    }

    @Test("a token that was replaced while the request was under way is taken")
    func renewed() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("direct-\(UUID().uuidString)").path
        try "old\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try await StubServer { head in
            guard head.headers["Authorization"] == ["Bearer old"] else { return .ok() }
            try? "new\n".write(toFile: path, atomically: true, encoding: .utf8)
            return StubServer.Answer(status: .unauthorized)
        }
        let admin = try admin(server.url, token: try .reading(path))
        #expect(try await admin.send(Self.reading).status == 200 && server.requests.count == 2)
        await admin.shutdown()
        await server.close()
    }
}
