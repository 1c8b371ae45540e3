import Foundation
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

@testable import Admin

/// What no HTTP client sends, and clients that hang up: theirs is the fault, and the log is quiet about it.
@Suite("Broken requests") struct BrokenRequestTests {
    private static let put = "PUT /v1/locations/tcn HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    @Test(
        "a request that is no HTTP, or ends too early, is a 400 and a problem",
        arguments: [
            (
                put + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
                "The body's transfer coding is malformed."
            ),
            (put + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}", "The body ends too early."),
            (put + "Content-Length: 10\r\n\r\n{}", "The body ends too early."),
            ("nonsense\r\n\r\n", "The request is no well-formed HTTP/1.1, or its header is too large."),
        ])
    func broken(request: String, detail: String) async throws {
        let log = RecordedLog()
        try await Stage.run(.live, logger: log.logger) { stage in
            let connection = try RawConnection(port: stage.client.port ?? 0)
            try connection.send(request)
            connection.finish()
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("application/problem+json\r\n") && answer.contains("\"\(detail)\""), "\(answer)")
            #expect(try await stage.get("/v1/locations/tcn").status == .notFound)
        }
        #expect(log.notable == [])
    }

    @Test(
        "a request that means one thing to ADMIN and another to what stands before it is refused",
        arguments: [
            (put + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "501"),
            (put + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "501"),
            ("GET http://evil.example/v1/locations HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
            ("GET http://localhost@evil.example/v1/locations HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
            ("GET http://evil.example/v1/locations HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"),
            ("GET http://LOCALHOST/v1/locations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200"),
            (
                "PUT /v1/locations/tcn HTTP/1.1\r\nHost: localhost\r\nContent-Type: app lication/json\r\n"
                    + "Content-Length: 2\r\n\r\n{}", "415"
            ),
        ])
    func ambiguous(request: String, status: String) async throws {
        try await Stage.run(.live) { stage in
            let connection = try RawConnection(port: stage.client.port ?? 0)
            try connection.send(request)
            connection.finish()
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        }
    }

    @Test("a client that hangs up within its request is no event for the log")
    func hangsUp() async throws {
        let log = RecordedLog()
        try await Stage.run(.live, logger: log.logger) { stage in
            for rest in ["Content-Length: 10\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n5\r\n{}", ""] {
                let connection = try RawConnection(port: stage.client.port ?? 0)
                try connection.send(Self.put + rest)
                try await Task.sleep(for: .milliseconds(50))
                connection.abort()
            }
            #expect(try await stage.get("/healthz").status == .ok)
        }
        #expect(log.notable == [])
    }
}
