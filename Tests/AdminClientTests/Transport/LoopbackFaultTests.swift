import AdminAPI
import AdminClient
import Foundation
import HTTPTestSupport
import Testing

/// What real connections that fail come to.
@Suite struct LoopbackFaultTests {
    /// The error of a request to an address.
    private func failure(
        _ url: String, trusting certificate: TestCertificate? = nil, onHead: @escaping @Sendable () -> Void = {}
    ) async throws -> TransportError? {
        let admin = AdminConnector(
            AdminConnectorSettings(
                addresses: try AdminURLs(url), token: .absent,
                certificates: try certificate.map {
                    try #require(TrustedCertificates(Array($0.certificate.utf8), from: "ca.pem"))
                },
                userAgent: "test", timeout: .seconds(60)))
        let error = await #expect(throws: TransportError.self) {
            try await admin.send(AdminRequest(.get, .services)) { isReceiving in if isReceiving { onHead() } }
        }
        await admin.shutdown()
        return error
    }

    /// The error of a request to a server that fails.
    private func failure(
        _ fault: FaultyServer.Fault, _ scheme: String, trusting certificate: TestCertificate? = nil
    ) async throws -> TransportError? {
        let server = try await FaultyServer(fault)
        let error = try await failure("\(scheme)://\(server.authority)", trusting: certificate)
        await server.close()
        return error
    }

    @Test("nobody listens")
    func refused() async throws {
        let server = try await FaultyServer(.closed)
        let authority = server.authority
        await server.close()
        for scheme in ["http", "https"] {
            let error = try await failure("\(scheme)://\(authority)")
            #expect(error?.kind == .unreachable && error?.reason == "connection refused")
            #expect(error?.mayHaveArrived == false && error?.mayExpectTLS == false)
        }
    }

    @Test("the connection is reset: before an answer, in the handshake, in the middle of the answer")
    func reset() async throws {
        let early = try await failure(.reset, "http")
        #expect(early?.kind == .failed && early?.reason == "connection reset by peer")
        #expect(early?.isReceiving == false && early?.mayHaveArrived == true)
        let handshake = try await failure(.reset, "https")
        #expect(handshake?.reason == "connection reset by peer")

        let server = try await FaultyServer(.answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"))
        let middle = try await failure("http://\(server.authority)") { server.reset() }
        await server.close()
        #expect(middle?.kind == .failed && middle?.reason == "connection reset by peer")
        #expect(middle?.isReceiving == true && middle?.mayExpectTLS == false)
    }

    @Test("the connection is closed before an answer, and in the handshake")
    func closed() async throws {
        #expect(try await failure(.closed, "http")?.kind == .closed)
        let error = try await failure(.closed, "https")
        #expect(error?.kind == .tls(.brokenOff) && error?.mayHaveArrived == false)
    }

    @Test("a certificate: of nobody, of another authority, for another name, expired")
    func certificates() async throws {
        for trusted in [nil, TestCertificate.elsewhere] {
            let error = try await failure(.tls(.loopback), "https", trusting: trusted)
            #expect(error?.kind == .tls(.untrusted) && error?.mayHaveArrived == false)
            #expect(
                error?.reason
                    == "its certificate is not signed by an authority in the system's list, or has expired")
        }
        let name = try await failure(.tls(.elsewhere), "https", trusting: .elsewhere)
        #expect(name?.kind == .tls(.wrongName) && name?.reason == "its certificate is for another name")
        let expired = try await failure(.tls(.expired), "https", trusting: .expired)
        #expect(expired?.kind == .tls(.untrusted) && expired?.reason.hasSuffix(" or has expired") == true)
    }

    @Test("http where TLS is may expect TLS, until it has answered; TLS where http is speaks none")
    func schemes() async throws {
        let encrypted = try await failure(.tls(.loopback), "http")
        #expect(encrypted?.mayExpectTLS == true && encrypted?.address.isEncrypted == false)
        let plain = try await failure(.answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "https")
        #expect(plain?.kind == .tls(.notTLS) && plain?.reason == "it does not speak TLS")

        try await TestConnection.with([.hungUp]) { connection in
            func failure() async -> TransportError? {
                await #expect(throws: TransportError.self) {
                    try await connection.admin.send(AdminRequest(.get, .services))
                }
            }
            #expect(await failure()?.mayExpectTLS == true)
            connection.servers[0].answer { _ in .ok() }
            _ = try await connection.admin.send(AdminRequest(.get, .services))
            connection.servers[0].answer { _ in .hungUp }
            #expect(await failure()?.mayExpectTLS == false)
        }
    }
}
