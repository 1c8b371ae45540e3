import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
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
        let settings = Settings(adminURL: try AdminURL("http://admin:80"), token: nil, caFile: nil, timeout: 5)
        return TransportErrorText.commandError(error, settings, request).description
    }

    @Test(
        "a change that may have arrived may have been made, and where to look is told; a reading or a dry run changes nothing"
    )
    func mayBeMade() throws {
        for error in Self.errors {
            let told = try text(error, .change(.put, ["v1"], dryRun: false))
            #expect(told.contains("may have been made") && told.contains("portcullis events"), "\(told)")
            for request in [AdminRequest.change(.put, ["v1"], dryRun: true), AdminRequest(.get, ["v1"])] {
                #expect(try !text(error, request).contains("been made"))
            }
        }
    }

    @Test("what was never sent cannot have been made")
    func neverSent() throws {
        for error in [
            IOError(errnoCode: ECONNREFUSED, reason: "connect(descriptor:)"), HTTPClientError.connectTimeout,
        ] as [any Error] {
            #expect(try !text(error, .change(.put, ["v1"], dryRun: false)).contains("been made"))
        }
    }

    @Test("no text of a library is told")
    func noLibraryText() throws {
        for error in Self.errors {
            let told = try text(error, AdminRequest(.get, ["v1"]))
            for word in ["errno", "descriptor", "Error", "NIO", "Strange", "(", "invalidEOFState"] {
                #expect(!told.contains(word), "\(told)")
            }
        }
        #expect(try text(Self.errors[0], AdminRequest(.get, ["v1"])) == "http://admin:80: connection reset by peer")
        let tls = TransportErrorText.tlsError(
            try AdminURL("https://admin"), "handshakeFailed(NIOSSL.BoringSSLError.x [a at b])")
        #expect(tls.message == "https://admin: no encrypted connection could be agreed on")
    }
}
