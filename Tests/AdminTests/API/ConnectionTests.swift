import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Registry
import RegistryTestSupport
import TestSupport
import Testing

@testable import Admin

/// Connections as no HTTP client uses them. `rest()` returns when ADMIN closes the connection.
@Suite("Connections") struct ConnectionTests {
    private static let short = ConnectionLimits(
        firstHead: .milliseconds(500), idle: .milliseconds(500), transfer: .milliseconds(500),
        linger: .milliseconds(300), maximum: 1000)
    private static let host = "Host: localhost\r\n"
    private static let json = "Content-Type: application/json\r\n"

    /// All that ADMIN sends on a connection on which this is sent, and nothing more, until it closes it.
    private func answer(_ stage: Stage, _ text: String) async throws -> String {
        let connection = try RawConnection(port: stage.client.port ?? 0)
        try connection.send(text)
        return await connection.rest()
    }

    @Test("a connection that sends nothing, half a head, or nothing after an answer, is closed")
    func silent() async throws {
        try await Stage.run(.live, connections: Self.short) { stage in
            #expect(try await answer(stage, "") == "")
            #expect(try await answer(stage, "GET /healthz HTTP/1.1\r\nHost: loc") == "")
            let kept = try await answer(stage, "GET /healthz HTTP/1.1\r\n\(Self.host)\r\n")
            #expect(kept.hasPrefix("HTTP/1.1 200 ") && !kept.lowercased().contains("connection: close"))
        }
    }

    @Test("a body that comes too slowly is a 408, and the connection is closed")
    func slowBody() async throws {
        try await Stage.run(.live, connections: Self.short) { stage in
            let text = "PUT /v1/locations/tcn HTTP/1.1\r\n\(Self.host)\(Self.json)Content-Length: 9\r\n\r\n{"
            let answer = try await answer(stage, text)
            #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("application/problem+json"), "\(answer)")
            #expect(answer.contains("cache-control: no-store"))
            #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }

    @Test("the body of a request that is refused is not waited for")
    func refused() async throws {
        try await Stage.run(.live) { stage in
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let start = ContinuousClock.now
            for head in ["PUT /v1/locations/tcn", "GET /v1/services", "POST /nowhere"] {
                let answer = try await answer(
                    stage, "\(head) HTTP/1.1\r\n\(Self.host)\(Self.json)Content-Length: 1099511627776\r\n\r\n{")
                #expect(
                    answer.hasPrefix("HTTP/1.1 40") && answer.lowercased().contains("connection: close"), "\(answer)")
            }
            #expect(.now - start < .seconds(60))
        }
    }

    @Test("a body that is too long by its Content-Length is a 413 before any of it comes")
    func tooLong() async throws {
        try await Stage.run(.live) { stage in
            let answer = try await answer(
                stage,
                "PUT /v1/locations/tcn HTTP/1.1\r\n\(Self.host)\(Self.json)Content-Length: 1099511627776\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
            let read = try await self.answer(
                stage, "GET /healthz HTTP/1.1\r\n\(Self.host)Content-Length: 1099511627776\r\n\r\n")
            #expect(read.hasPrefix("HTTP/1.1 200 ") && read.lowercased().contains("connection: close"), "\(read)")
        }
    }

    @Test("a client that waits for a 100 gets it when its body is wanted, and else the answer alone")
    func expectation() async throws {
        try await Stage.run(.live) { stage in
            let head =
                "PUT /v1/locations/tcn HTTP/1.1\r\n\(Self.host)\(Self.json)Expect: 100-continue\r\nConnection: close\r\n"
            let connection = try RawConnection(port: stage.client.port ?? 0)
            try connection.send(head + "Content-Length: 2\r\n\r\n")
            let first = await connection.text(upTo: "\r\n\r\n")
            #expect(first == "HTTP/1.1 100 Continue\r\n\r\n")
            try connection.send("{}")
            let second = await connection.rest()
            #expect(second.hasPrefix("HTTP/1.1 201 "), "\(second)")
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let refused = try await answer(stage, head + "Content-Length: 2\r\n\r\n")
            #expect(refused.hasPrefix("HTTP/1.1 401 "), "\(refused)")
        }
    }

    @Test("HTTP/1.1 without a Host, with two, or with none that could be one, is a 400")
    func host() async throws {
        try await Stage.run(.live) { stage in
            for host in ["", Self.host + "Host: b\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: a,b\r\n"] {
                let answer = try await answer(stage, "GET /healthz HTTP/1.1\r\n\(host)\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("application/problem+json"), "\(host)")
            }
            for host in ["Host: a\r\n", "Host: [2001:db8::1]:8080\r\n", "Host: \r\n"] {
                let answer = try await answer(stage, "GET /healthz HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
            }
            #expect(try await answer(stage, "GET /healthz HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("without any token ADMIN answers by names of the loopback alone, with one by any")
    func rebinding() async throws {
        try await Stage.run(.live) { stage in
            func status(_ host: String, _ field: String = "") async throws -> Substring {
                let text = "GET /v1/services HTTP/1.1\r\nHost: \(host)\r\n\(field)Connection: close\r\n\r\n"
                return try await answer(stage, text).dropFirst(9).prefix(3)
            }
            for host in ["localhost", "127.0.0.1:8080", "[::1]:8080"] { #expect(try await status(host) == "200") }
            for host in ["evil.example", "evil.example:8080", "", "10.0.0.1"] {
                #expect(try await status(host) == "403")
            }
            let token = try await stage.registry.tokens.add(name: "ops", role: .admin)
            #expect(try await status("admin.example", "Authorization: Bearer \(token)\r\n") == "200")
        }
    }

    @Test("requests that come together are answered one after the other")
    func pipelined() async throws {
        try await Stage.run(.live) { stage in
            let request = "GET /healthz HTTP/1.1\r\n\(Self.host)"
            let bad = "GET /v1/services?x=1 HTTP/1.1\r\n\(Self.host)\r\n"
            let answer = try await answer(
                stage, request + "\r\n" + bad + request + "\r\n" + request + "Connection: close\r\n\r\n" + bad)
            let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(statuses == ["200", "400", "200", "200"], "\(answer)")
            let broken = try await self.answer(stage, request + "\r\n" + "nonsense\r\n\r\n")
            let two = broken.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(two == ["200", "400"], "\(broken)")
        }
    }

    @Test("a connection with a request behind a held poll ends with the poll")
    func behindHeldPoll() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let poll = "GET \(ExportRouteTests.path) HTTP/1.1\r\n\(Self.host)If-None-Match: *\r\nPrefer: wait=1\r\n\r\n"
            let answer = try await answer(stage, poll + "GET /healthz HTTP/1.1\r\n\(Self.host)\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 304 ") && answer.lowercased().contains("connection: close"), "\(answer)")
            #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2)
        }
    }

    @Test("at the maximum the oldest without a token gives way, and those with one stay")
    func maximum() async throws {
        let log = RecordedLog()
        var limits = ConnectionLimits()
        limits.maximum = 8
        try await Stage.run(.live, connections: limits, logger: log.logger) { stage in
            let token = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let request = "GET /v1/services HTTP/1.1\r\n\(Self.host)Authorization: Bearer \(token)\r\n"
            let known = try RawConnection(port: stage.client.port ?? 0)
            try known.send(request + "\r\n")
            _ = await known.text(upTo: "[]")
            let strangers = try (0..<30).map { _ in try RawConnection(port: stage.client.port ?? 0) }
            // The first of them are closed; the last is not, and is not waited for here.
            for stranger in strangers.prefix(16) { #expect(await stranger.rest() == "") }
            let other = try await answer(stage, request + "Connection: close\r\n\r\n")
            #expect(other.hasPrefix("HTTP/1.1 200 "), "\(other)")
            try known.send(request + "Connection: close\r\n\r\n")
            #expect(await known.rest().hasPrefix("HTTP/1.1 200 "))
            for stranger in strangers.dropFirst(16) { stranger.abort() }
        }
        #expect(log.notable.contains { $0.contains("closed that had shown no token") }, "\(log.notable)")
    }

    @Test("the log has each request with its status and token, and what no client may write into it")
    func requestLog() async throws {
        let log = RecordedLog()
        try await Stage.run(logger: log.logger) { stage in
            try await stage.seed()
            let read: HTTPFields = [
                .authorization: "Bearer \(try await stage.registry.tokens.add(name: "ci", role: .read))"
            ]
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 5}"#, headers: read)
            _ = try await stage.get("/v1/services", headers: read)
            _ = try await stage.get("/v1/services")
            _ = try await stage.get("/v1/marks?access_token=\(BearerToken().text)")
            _ = try await stage.get("/nowhere%0Aline/\(String(repeating: "x", count: 400))", headers: read)
        }
        let lines = log.all.filter { $0.contains("\"ms\"") || $0.contains("ms:") }
        #expect(lines.contains { $0.hasPrefix("info: POST /v1/apply 200 ") && $0.contains("anonymous") }, "\(log.all)")
        #expect(lines.contains { $0.hasPrefix("notice: PATCH /v1/services/tg.1 403 ") && $0.contains("ci") })
        #expect(lines.contains { $0.hasPrefix("debug: GET /v1/services 200 ") && $0.contains("ci") })
        #expect(lines.contains { $0.hasPrefix("notice: GET /v1/services 401 ") })
        #expect(lines.contains { $0.hasPrefix("debug: GET /nowhere") && $0.contains("...") && $0.contains(" 404 ") })
        #expect(lines.contains { $0.hasPrefix("notice: GET /v1/marks?access_token=*** 401 ") })
        #expect(!log.all.contains { $0.contains(BearerToken.prefix) }, "\(log.all)")
    }

    @Test(
        "the log shows of an address the path, and what the route knows of the query",
        arguments: [
            ("/a b\u{1B}[31m\né", "/a?b?[31m???"), ("/v1/events?after=3&limit=2", "/v1/events?after=3&limit=2"),
            ("/v1/events?after=3&access_token=s3cret&x", "/v1/events?after=3&access_token=***&***"),
            ("/v1/events?s3cret", "/v1/events?***"),
            ("/v1/events?after=portcullis_aZ9&x=", "/v1/events?after=portcullis_***&x=***"),
            ("/v1/tokens/portcullis_aZ9/x", "/v1/tokens/portcullis_***/x"),
            ("/%70ortcullis%5FaZ%39%2Fx", "/portcullis_***%2Fx"),
            ("/portcullis_\(String(repeating: "a", count: 300))/x", "/portcullis_***/x"), ("/?", "/?"), ("/%7", "/%7"),
        ])
    func loggedTarget(target: String, shown: String) {
        #expect(LoggedTarget.text(target, known: ["after", "limit"]) == shown)
    }
}
