import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Logs of services, over HTTP") struct LogRouteTests {
    private static let version = "sha256:" + String(repeating: "0a", count: 32)
    private static let log = "/v1/services/tg.1/log"
    private static let logs = "/v1/servers/app1/logs"

    private static func body(_ pieces: [LogPiece]) -> String {
        String(decoding: LogDelivery(pieces: pieces).jsonBytes, as: UTF8.self)
    }

    private static func piece(_ wish: LogWish, _ text: String) -> LogPiece {
        let end = LogPosition(file: "1.2.3", offset: (wish.after?.offset ?? 0) + text.utf8.count)
        return LogPiece(stream: wish.stream, after: wish.after, position: end, text: text, isAtEnd: true)
    }

    /// Seeds the cloud, with a version for tg.1 on app1, whose node polls.
    private func seed(_ stage: Stage) async throws {
        try await stage.seed()
        try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
        _ = try await stage.get("/v1/servers/app1/assignments", headers: [.portcullisLogs: "0"])
    }

    @Test("a reader gets the last lines and then what follows, by way of the node")
    func reading() async throws {
        try await Stage.run(.live) { stage in
            try await seed(stage)
            let assignments = "/v1/servers/app1/assignments"
            let tag = try #require(try await stage.get(assignments).headers[.eTag])
            async let poll = stage.withConnection { client in
                try await client.poll(
                    assignments, headers: [.ifNoneMatch: tag, .prefer: "wait=60", .portcullisLogs: "0"])
            }
            while await stage.registry.logChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            async let first = stage.withConnection { client in
                try await client.poll(Self.log + "?lines=3", headers: [.prefer: "wait=60"])
            }
            // The node is told at once, and asks which.
            let told = try await poll
            #expect(told.status == .notModified)
            let known = try #require(told.headers[.portcullisLogs])
            let wish = try #require(
                try await stage.send(.post, Self.logs, Self.body([])).decoded(WantedLogs.self).wishes.first)
            #expect(wish.service == "tg.1" && wish.lines == 3)
            try await stage.send(.post, Self.logs, Self.body([Self.piece(wish, "a\nb\n")]))
            let answer = try await first
            let log = try ServiceLog(json: Array(buffer: try #require(answer.body)), .strict)
            #expect(log.parts == [.init(text: "a\nb\n")] && log.isComplete && log.state == .present)
            #expect(log.server == "app1")
            // What follows, once; the node that knows of the wish is not told again.
            async let second = stage.withConnection { client in
                try await client.poll("\(Self.log)?after=\(log.next)", headers: [.prefer: "wait=60"])
            }
            let again = try await stage.get(assignments, headers: [.ifNoneMatch: tag, .portcullisLogs: known])
            #expect(again.headers[.portcullisLogs] == known)
            let wishes = try await stage.send(.post, Self.logs, Self.body([])).decoded(WantedLogs.self).wishes
            try await stage.send(.post, Self.logs, Self.body([Self.piece(wishes[0], "c\n")]))
            let next = try ServiceLog(json: Array(buffer: try #require(try await second.body)), .strict)
            #expect(next.parts == [.init(text: "c\n")])
            #expect(try await stage.read(ServiceLog.self, "\(Self.log)?after=\(next.next)").parts.isEmpty)
        }
    }

    @Test("what cannot be read says why")
    func problems() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let log = try await stage.read(ServiceLog.self, Self.log)
            #expect(log.state == .waiting && log.parts.isEmpty && !log.isComplete)
            #expect(try await stage.get("/v1/services/tg.9/log").status == .notFound)
            let other = try await stage.get("/v1/services/tg.2/log")
            #expect(other.status == .conflict && other.problem?.detail.contains("has no version") == true)
            for query in ["lines=-1", "lines=10001", "lines=x"] {
                #expect(try await stage.get("\(Self.log)?\(query)").status == .badRequest, "\(query)")
            }
            for query in ["after=x", "after="] {
                #expect(try await stage.get("\(Self.log)?\(query)").status == .unprocessableContent, "\(query)")
            }
            stage.clock.advance(by: 600)
            #expect(try await stage.read(ServiceLog.self, Self.log).state == .silent)
            try await stage.send(.patch, "/v1/services/tg.1?at_once=true", #"{"server": "app3"}"#)
            let moved = try await stage.get("\(Self.log)?after=\(log.next)")
            #expect(moved.status == .conflict)
            #expect(moved.problem?.detail.contains("has moved from app1 to app3") == true)
            #expect(try await stage.read(ServiceLog.self, Self.log).server == "app3")
        }
    }

    @Test("logs may have secrets: only admin reads them, within its scope, and a node sends its own server's alone")
    func roles() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let tokens = stage.registry.tokens
            let admin = try await tokens.add(name: "ops", role: .admin)
            let own = try await tokens.add(name: "n1", role: .server, server: "app1")
            let other = try await tokens.add(name: "n2", role: .server, server: "app2")
            let here = try await tokens.add(
                TokenGrant(name: "tg-ops", role: .admin, scope: ChangeScope(locations: ["tcn"], types: ["tg"]))
            ).secret
            let there = try await tokens.add(
                TokenGrant(name: "pgw-ops", role: .admin, scope: ChangeScope(types: ["pgw"]))
            ).secret
            let elsewhere = try await tokens.add(
                TokenGrant(name: "hel-ops", role: .admin, scope: ChangeScope(locations: ["hel"]))
            ).secret
            let reader = try await tokens.add(name: "reader", role: .read)
            for (token, status) in [
                (admin, 200), (here, 200), (there, 403), (elsewhere, 403), (reader, 403), (own, 403),
            ] {
                let answer = try await stage.get(Self.log, headers: [.authorization: "Bearer \(token)"])
                #expect(answer.status.code == status)
            }
            let wish = try #require(
                try await stage.send(.post, Self.logs, Self.body([]), headers: [.authorization: "Bearer \(own)"])
                    .decoded(WantedLogs.self).wishes.first)
            for (token, path, status) in [
                (other, Self.logs, 403), (reader, Self.logs, 403), (here, Self.logs, 403),
                (other, "/v1/servers/app2/logs", 200), (own, Self.logs, 200),
            ] {
                let body = Self.body([Self.piece(wish, token == own ? "right\n" : "wrong\n")])
                let answer = try await stage.send(.post, path, body, headers: [.authorization: "Bearer \(token)"])
                #expect(answer.status.code == status)
            }
            let log = try await stage.get(Self.log, headers: [.authorization: "Bearer \(admin)"])
            #expect(try log.decoded(ServiceLog.self).parts.map(\.text) == ["right\n"])
        }
    }

    @Test("pieces of more than their limit are refused")
    func limits() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            let wish = LogWish(stream: "a.1", service: "tg.1", lines: 1)
            for (pieces, pointer) in [
                ([Self.piece(wish, String(repeating: "x", count: Limits.logPiece + 1))], "#/pieces/0/text"),
                ([Self.piece(wish, ""), Self.piece(wish, "")], "#/pieces/1"),
            ] {
                let answer = try await stage.send(.post, Self.logs, Self.body(pieces))
                #expect(answer.problem?.errors.map(\.pointer) == [pointer])
            }
            let file =
                #"{"pieces": [{"stream": "a", "position": {"file": "/etc", "offset": 0}, "text": "", "atEnd": true}]}"#
            #expect(
                try await stage.send(.post, Self.logs, file).problem?.errors.map(\.pointer)
                    == ["#/pieces/0/position/file"])
        }
    }
}
