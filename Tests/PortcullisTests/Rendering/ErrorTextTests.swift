import AdminAPI
import AdminClient
import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

@testable import portcullis

@Suite struct ErrorTextTests {
    private static let request = AdminRequest(.get, .types)

    private func answer(_ problem: Problem) throws -> AdminAnswer {
        AdminAnswer(
            status: problem.status, contentType: "application/problem+json",
            body: problem.jsonBytes, from: try AdminURL("http://127.0.0.1:1"))
    }

    private func error(_ problem: Problem, _ places: SourceMap = SourceMap()) throws -> CommandError {
        AnswerErrorText.commandError(try answer(problem), of: Self.request, places)
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
            try error(problem, places).description == """
                the cloud is not valid
                  types/pgw.yaml:7:5: unknown key "porst"
                  services.0.server: no server app9
                """)
    }

    @Test("a single fault that says the same as the detail is told once")
    func singleFault() throws {
        let problem = Problem(
            title: "Conflict", status: 409, detail: "in use", errors: [.init(pointer: "#/name", detail: "in use")])
        #expect(try error(problem).description == "name: in use")
    }

    @Test("a missing token and a weak one say what to do")
    func tokens() throws {
        let missing = Problem(title: "Unauthorized", status: 401, detail: "a bearer token is needed")
        let weak = Problem(title: "Forbidden", status: 403, detail: "the token may only read")
        #expect(try error(missing).hint?.contains("--token-file") == true)
        #expect(try error(weak).hint?.contains("role admin") == true)
    }

    @Test("an answer that is not ADMIN's is told as such")
    func foreign() throws {
        let error = AnswerErrorText.commandError(
            AdminAnswer(
                status: 502, contentType: "text/html", body: Array("<html>".utf8),
                from: try AdminURL("http://127.0.0.1:1")), of: Self.request, SourceMap())
        #expect(
            error.message == "the answer of http://127.0.0.1:1/v1/types has status 502 (text/html) and is not ADMIN's")
    }

    @Test("where an answer does not say whether a change was made, the operator learns how to find out")
    func uncertainChange() throws {
        let change = AdminRequest(.delete, .type("pgw"))
        func answer(_ status: Int, _ type: String, _ body: String) throws -> AdminAnswer {
            AdminAnswer(
                status: status, contentType: type, body: Array(body.utf8), from: try AdminURL("http://127.0.0.1:1"))
        }
        let gateway = try answer(504, "text/html", "<html>")
        #expect(AnswerErrorText.commandError(gateway, of: change, SourceMap()).hint?.contains("events") == true)
        #expect(AnswerErrorText.commandError(gateway, of: Self.request, SourceMap()).hint?.contains("events") == false)
        for body in [try answer(200, "text/html", "{}"), try answer(200, "application/json", "[]")] {
            let error = #expect(throws: AnswerError.self) { try body.value(ChangeReport.self, of: change) }
            #expect(error.map { AnswerErrorText.commandError($0, of: change).hint?.contains("events") == true } == true)
        }
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
