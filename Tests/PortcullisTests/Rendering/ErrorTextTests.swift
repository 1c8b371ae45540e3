import AdminAPI
import AdminClient
import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

@testable import portcullis

@Suite struct ErrorTextTests {
    private func answer(_ problem: Problem) throws -> AdminAnswer {
        AdminAnswer(
            status: problem.status, contentType: "application/problem+json",
            body: problem.jsonBytes, from: try AdminURL("http://127.0.0.1:1"))
    }

    @Test("each fault stands on a line with its place")
    func faults() throws {
        var places = SourceMap()
        places.add(file: "pgw.yaml", path: "types/pgw.yaml")
        let problem = Problem(
            title: "Unprocessable Content", status: 422, detail: "the cloud is not valid",
            errors: [
                .init(pointer: "pgw.yaml:7:5", detail: "unknown key \"porst\""),
                .init(pointer: "#/services/0/server", detail: "no server app9"),
            ])
        #expect(
            AnswerErrorText.commandError(try answer(problem), places).description == """
                the cloud is not valid
                  types/pgw.yaml:7:5: unknown key "porst"
                  services.0.server: no server app9
                """)
    }

    @Test("a single fault that says the same as the detail is told once")
    func singleFault() throws {
        let problem = Problem(
            title: "Conflict", status: 409, detail: "in use", errors: [.init(pointer: "#/name", detail: "in use")])
        #expect(AnswerErrorText.commandError(try answer(problem), SourceMap()).description == "name: in use")
    }

    @Test("a missing token and a weak one say what to do")
    func tokens() throws {
        let missing = Problem(title: "Unauthorized", status: 401, detail: "a bearer token is needed")
        let weak = Problem(title: "Forbidden", status: 403, detail: "the token may only read")
        #expect(AnswerErrorText.commandError(try answer(missing), SourceMap()).hint?.contains("--token-file") == true)
        #expect(AnswerErrorText.commandError(try answer(weak), SourceMap()).hint?.contains("role admin") == true)
    }

    @Test("an answer that is not ADMIN's is told as such")
    func foreign() throws {
        let error = AnswerErrorText.commandError(
            AdminAnswer(
                status: 502, contentType: "text/html", body: Array("<html>".utf8),
                from: try AdminURL("http://127.0.0.1:1")), SourceMap())
        #expect(error.message == "the answer has status 502 (text/html) and is not ADMIN's")
    }

    @Test("no answer is told with the address and the reason")
    func transport() throws {
        let url = try AdminURL("http://127.0.0.1:1")
        let settings = Settings(adminURL: AdminURLs(url), token: nil, caFile: nil, timeout: 5)
        func told(_ error: any Error) -> CommandError {
            TransportErrorText.commandError(
                TransportError(error, asking: url), settings, AdminRequest(.get, .services))
        }
        let refused = told(IOError(errnoCode: ECONNREFUSED, reason: "connect"))
        #expect(refused.message == "ADMIN cannot be reached at http://127.0.0.1:1: connection refused")
        let untrusted = TransportErrorText.tlsError(
            url, TLSFault("handshakeFailed(sslError([Error: 1 OPENSSL_internal:CERTIFICATE_VERIFY_FAILED]))"))
        #expect(
            untrusted.message
                == "ADMIN cannot be reached at http://127.0.0.1:1: its certificate is not signed by an authority in the system's "
                + "list, or has expired")
        let late = told(HTTPClientError.deadlineExceeded)
        #expect(late.description == "http://127.0.0.1:1 did not answer within 5 s\nA larger --timeout may help.")
    }
}
