import AdminAPI
import AdminClient
import AsyncHTTPClient
import Foundation
import HTTPTestSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@testable import portcullis

@Suite struct TransportErrorTextTests {
    private struct Strange: Error {}

    private static let errors: [any Error] = [
        IOError(errnoCode: ECONNRESET, reason: "read(descriptor:pointer:size:)"), HTTPClientError.deadlineExceeded,
        HTTPClientError.readTimeout, HTTPClientError.remoteConnectionClosed, HTTPClientError.writeTimeout,
        HTTPClientError.cancelled, HTTPParserError.invalidEOFState, ChannelError.ioOnClosedChannel,
        NIOTooManyBytesError(maxBytes: 5),
        Strange(),
    ]

    private func text(_ error: any Error, _ request: AdminRequest) throws -> String {
        let url = try AdminURL("http://admin:80")
        let settings = Settings(adminURL: AdminURLs(url), token: nil, caFile: nil, timeout: 5)
        return TransportErrorText.commandError(TransportError(error, asking: url), settings, request).description
    }

    @Test(
        "a change that may have arrived may have been made, and where to look is told; a reading or a dry run changes nothing"
    )
    func mayBeMade() throws {
        for error in Self.errors {
            let told = try text(error, .change(.put, .services, dryRun: false))
            #expect(told.contains("may have been made") && told.contains("portcullis events"), "\(told)")
            for request in [AdminRequest.change(.put, .services, dryRun: true), AdminRequest(.get, .services)] {
                #expect(try !text(error, request).contains("been made"))
            }
        }
    }

    @Test("what was never sent cannot have been made")
    func neverSent() throws {
        for error in [
            IOError(errnoCode: ECONNREFUSED, reason: "connect(descriptor:)"), HTTPClientError.connectTimeout,
        ] as [any Error] {
            #expect(try !text(error, .change(.put, .services, dryRun: false)).contains("been made"))
        }
    }

    @Test("a real server that expects TLS, or has another certificate, is told with the setting that may be wrong")
    func encryption() async throws {
        let server = try await FaultyServer(.tls(.loopback))
        defer { Task { await server.close() } }
        let file = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString).pem")
        try Data(TestCertificate.elsewhere.certificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        func told(_ words: String...) async throws -> String {
            let run = try await CommandRun.run("portcullis", ["locations"] + words)
            #expect(run.status == 1)
            return run.errors.replacing(server.authority, with: "ADMIN")
        }
        #expect(
            try await told("--admin-url", "http://\(server.authority)")
                .hasSuffix("\nIf ADMIN uses TLS there, its address begins with https://.\n"))
        let start = "Error: ADMIN cannot be reached at https://ADMIN: its certificate is not signed by an authority in "
        #expect(
            try await told("--admin-url", "https://\(server.authority)")
                == start
                + "the system's list, or has expired\nIf it is of your own authority, name that with --ca-file, "
                + "PORTCULLIS_CA_FILE or ca-file.\n")
        #expect(
            try await told("--admin-url", "https://\(server.authority)", "--ca-file", file.path)
                == start
                + "\(file.path), or has expired\n--ca-file, PORTCULLIS_CA_FILE or ca-file names the file of the "
                + "authority.\n")
    }

    @Test("an encrypted connection that ends after a change was sent leaves open whether it was made")
    func brokenOff() throws {
        let change = AdminRequest.change(.put, .services, dryRun: false)
        #expect(try text(NIOSSLError.uncleanShutdown, change).contains("may have been made"))
        #expect(try !text(NIOSSLError.uncleanShutdown, AdminRequest(.get, .services)).contains("been made"))
    }

    @Test("no text of a library is told")
    func noLibraryText() throws {
        for error in Self.errors {
            let told = try text(error, AdminRequest(.get, .services))
            for word in ["errno", "descriptor", "Error", "NIO", "Strange", "(", "invalidEOFState"] {
                #expect(!told.contains(word), "\(told)")
            }
        }
        #expect(try text(Self.errors[0], AdminRequest(.get, .services)) == "http://admin:80: connection reset by peer")
        let tls = TransportErrorText.tlsError(
            try AdminURL("https://admin"), TLSFault("handshakeFailed(NIOSSL.BoringSSLError.x [a at b])"))
        #expect(tls.message == "ADMIN cannot be reached at https://admin: no encrypted connection could be agreed on")
    }
}
