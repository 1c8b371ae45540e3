import AdminClient
import GatewayDaemon
import HTTPTestSupport
import Testing

/// What a failed poll says: one plain sentence, and the setting that may be wrong.
@Suite struct PollErrorTextTests {
    private func text(
        _ fault: FaultyServer.Fault, _ scheme: String, caFile: String? = nil, isThere: Bool = true
    ) async throws -> String {
        let server = try await FaultyServer(fault)
        let admin = "\(scheme)://\(server.authority)"
        if !isThere { await server.close() }
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = try AdminURLs(admin)
        configuration.location = "tcn"
        configuration.timeout = 60
        configuration.caFile = caFile
        let source = try AdminExportSource(configuration)
        let error = await #expect(throws: ExportSourceError.self) { try await source.fetch(ExportRequest()) }
        await source.shutdown()
        await server.close()
        return (error?.description ?? "").replacing("\(admin)/v1/locations/tcn/services.csv", with: "URL")
    }

    @Test("a connection that is refused, reset or closed")
    func connections() async throws {
        let start = "ADMIN at URL cannot be reached: "
        let tls = "; if it uses TLS there, admin-url must begin with https://"
        #expect(try await text(.closed, "http", isThere: false) == start + "connection refused")
        #expect(try await text(.reset, "http") == start + "connection reset by peer" + tls)
        #expect(try await text(.reset, "https") == start + "connection reset by peer")
        #expect(
            try await text(.closed, "http") == "ADMIN at URL closed the connection before its answer was complete" + tls
        )
        #expect(
            try await text(.closed, "https") == start + "it ended the encrypted connection without an answer")
        #expect(try await text(.tls(.loopback), "http").hasSuffix(tls))
        #expect(
            try await text(.answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "https")
                == start + "it does not speak TLS; if it uses none, admin-url must begin with http://")
    }

    @Test("a certificate that is not trusted names ca-file, one for another name admin-url")
    func certificates() async throws {
        let directory = try TemporaryDirectory()
        func file(_ name: String, _ certificate: TestCertificate) throws -> String {
            try directory.write(name, certificate.certificate)
        }
        let start = "ADMIN at URL cannot be reached: its certificate is "
        #expect(
            try await text(.tls(.loopback), "https")
                == start
                + "not signed by an authority in the system's list, or has expired; if it has an authority of its "
                + "own, name that in ca-file")
        let elsewhere = try file("elsewhere.pem", .elsewhere)
        #expect(
            try await text(.tls(.loopback), "https", caFile: elsewhere)
                == start + "not signed by an authority in ca-file \(elsewhere), or has expired")
        #expect(
            try await text(.tls(.elsewhere), "https", caFile: elsewhere)
                == start + "for another name; admin-url must have a name or an address of the certificate's "
                + "subjectAltName")
        let expired = try file("expired.pem", .expired)
        #expect(
            try await text(.tls(.expired), "https", caFile: expired)
                == start + "not signed by an authority in ca-file \(expired), or has expired")
    }
}
