import AdminClient
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@Suite struct TransportErrorTests {
    private struct Strange: Error {}

    private func classified(_ error: any Error) throws -> TransportError {
        TransportError(error, asking: try AdminURL("http://admin"))
    }

    @Test("no connection: nothing was sent")
    func unreachable() throws {
        let errors: [any Error] = [
            IOError(errnoCode: ECONNREFUSED, reason: "connect(descriptor:addr:size:)"),
            IOError(errnoCode: EHOSTUNREACH, reason: "finishing a non-blocking connect failed"),
            IOError(errnoCode: ENETUNREACH, reason: "connect(descriptor:addr:size:)"),
            HTTPClientError.connectTimeout, ChannelError.connectTimeout(.seconds(1)),
        ]
        for error in errors {
            let classified = try classified(error)
            #expect(classified.kind == .unreachable && !classified.mayHaveArrived, "\(error)")
        }
    }

    @Test("a route that is lost under a connection in use is no failed attempt: the request may have arrived")
    func lostRoute() throws {
        let error = try classified(IOError(errnoCode: EHOSTUNREACH, reason: "read(descriptor:pointer:size:)"))
        #expect(error.kind == .unreachable && error.mayHaveArrived)
    }

    @Test("what ends a connection in use leaves open whether the request arrived")
    func inUse() throws {
        let errors: [(any Error, TransportError.Kind)] = [
            (HTTPClientError.deadlineExceeded, .timedOut), (HTTPClientError.readTimeout, .timedOut),
            (HTTPClientError.remoteConnectionClosed, .closed), (HTTPParserError.invalidEOFState, .closed),
            (HTTPParserError.invalidVersion, .notHTTP),
            (NIOTooManyBytesError(maxBytes: 5), .tooLarge),
            (IOError(errnoCode: ECONNRESET, reason: "read(descriptor:pointer:size:)"), .failed),
            (HTTPClientError.writeTimeout, .failed), (HTTPClientError.cancelled, .failed), (Strange(), .failed),
            (ChannelError.ioOnClosedChannel, .failed), (NIOSSLError.uncleanShutdown, .tls(.brokenOff)),
        ]
        for (error, kind) in errors {
            let classified = try classified(error)
            #expect(classified.kind == kind && classified.mayHaveArrived, "\(error)")
        }
    }

    @Test("a certificate is looked at before anything is sent")
    func handshake() throws {
        for (error, fault) in [
            (NIOSSLError.handshakeFailed(.wantConnect) as any Error, TLSFault.other),
            (NIOSSLExtraError.failedToValidateHostname, .wrongName),
        ] {
            let classified = try classified(error)
            #expect(classified.kind == .tls(fault) && !classified.mayHaveArrived)
        }
    }

    @Test(
        "the TLS library's words tell what is wrong",
        arguments: [
            ("sslError([Error: 1 OPENSSL_internal:CERTIFICATE_VERIFY_FAILED])", TLSFault.untrusted),
            ("unableToValidateCertificate", .untrusted), ("OPENSSL_internal:WRONG_VERSION_NUMBER", .notTLS),
            ("OPENSSL_internal:HTTP_REQUEST", .notTLS), ("NIOSSLExtraError.failedToValidateHostname: x", .wrongName),
            ("uncleanShutdown", .brokenOff), ("", .other),
        ])
    func tls(text: String, fault: TLSFault) {
        #expect(TLSFault(text) == fault)
    }

    @Test("no reason has a library's words in it")
    func reasons() throws {
        #expect(try classified(IOError(errnoCode: ECONNRESET, reason: "read")).reason == "connection reset by peer")
        for error in [Strange(), HTTPClientError.cancelled, HTTPParserError.unknown] as [any Error] {
            let reason = try classified(error).reason
            for word in ["Error", "errno", "(", "NIO", "Strange"] { #expect(!reason.contains(word), "\(reason)") }
        }
    }
}
