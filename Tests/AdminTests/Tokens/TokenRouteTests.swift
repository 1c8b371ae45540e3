import AdminAPI
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Tokens over HTTP") struct TokenRouteTests {
    private func bearer(_ secret: String) -> HTTPFields { [.authorization: "Bearer \(secret)"] }

    @Test("a token is made, listed without its secret, works, and is taken away; the event log names who did it")
    func life() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ops = bearer(try await stage.registry.tokens.add(name: "ops", role: .admin))
            let body =
                #"{"name": "gw1", "role": "gateway", "gateway": "tcn/gw1", "expiresAt": "2100-01-01T01:00:00+01:00"}"#
            let tried = try await stage.send(.post, "/v1/tokens?dry_run=true", body, headers: ops)
            #expect(try tried.decoded(CreatedToken.self).secret == nil && tried.status == .ok)
            let made = try await stage.send(.post, "/v1/tokens", body, headers: ops)
            #expect(made.status == .created && made.headers[.cacheControl] == "no-store")
            let secret = try #require(try made.decoded(CreatedToken.self).secret)
            #expect(try await stage.send(.post, "/v1/tokens", body, headers: ops).status == .conflict)
            #expect(try await stage.get(ExportRouteTests.path, headers: bearer(secret)).status == .ok)
            stage.clock.advance(by: 5)
            #expect(try await stage.get(ExportRouteTests.path, headers: bearer(secret)).status == .ok)

            let list = try await stage.get("/v1/tokens", headers: ops)
            #expect(!list.text.contains("portcullis_"))
            let gateway = try list.decoded([TokenResource].self).first { $0.name == "gw1" }
            #expect(gateway?.role == .gateway && gateway?.gateway == "tcn/gw1" && gateway?.service == nil)
            #expect(gateway?.expiresAt == "2100-01-01T00:00:00.000Z")
            #expect(gateway?.lastUsedAt == Timestamp.text(stage.clock.now()))

            #expect(try await stage.send(.delete, "/v1/tokens/gw1?dry_run=true", headers: ops).status == .ok)
            #expect(
                try await stage.send(.delete, "/v1/tokens/gw1", headers: ops).report
                    == ChangeReport(changes: [.init(action: .delete, kind: .token, name: "gw1")], export: []))
            #expect(try await stage.get(ExportRouteTests.path, headers: bearer(secret)).problem?.status == 401)
            #expect(try await stage.send(.delete, "/v1/tokens/gw1", headers: ops).status == .notFound)
            let events = try await stage.get("/v1/events?limit=1000", headers: ops).decoded(EventPage.self).events
            #expect(events.suffix(2).map(\.actor) == ["ops", "ops"])
            #expect(events.last?.before == "role gateway of tcn/gw1")
        }
    }

    @Test("nobody takes away the token that he does it with, and the first token can make others")
    func lockouts() async throws {
        try await Stage.run { stage in
            let first = try await stage.send(.post, "/v1/tokens", #"{"name": "ci", "role": "read"}"#)
            #expect(first.problem?.errors.first?.pointer == "#/role")
            let made = try await stage.send(.post, "/v1/tokens", #"{"name": "ops", "role": "admin"}"#)
            let ops = bearer(try #require(try made.decoded(CreatedToken.self).secret))
            #expect(try await stage.get("/v1/tokens").problem?.status == 401)
            #expect(try await stage.send(.delete, "/v1/tokens/ops", headers: ops).problem?.status == 409)
            #expect(try await stage.get("/v1/tokens", headers: ops).status == .ok)
            let read = bearer(try await stage.registry.tokens.add(name: "ci", role: .read))
            #expect(try await stage.get("/v1/tokens", headers: read).problem?.status == 403)
        }
    }

    @Test(
        "a grant that makes no sense is refused at its place",
        arguments: [
            (#"{"role": "read"}"#, "#/name"), (#"{"name": "anonymous", "role": "read"}"#, "#/name"),
            (#"{"name": "a", "role": "boss"}"#, "#/role"), (#"{"name": "a", "role": "gateway"}"#, "#/gateway"),
            (#"{"name": "a", "role": "gateway", "gateway": "gw1"}"#, "#/gateway"),
            (#"{"name": "a", "role": "gateway", "gateway": "tcn/gw1/x"}"#, "#/gateway"),
            (#"{"name": "a", "role": "read", "gateway": "tcn/gw1"}"#, "#/gateway"),
            (#"{"name": "a", "role": "service", "service": "tg"}"#, "#/service"),
            (#"{"name": "a", "role": "admin", "service": "tg.1"}"#, "#/service"),
            (#"{"name": "a", "role": "read", "expiresAt": "soon"}"#, "#/expiresAt"),
            (#"{"name": "a", "role": "read", "expiresAt": "10000-01-01T00:00:00Z"}"#, "#/expiresAt"),
            (#"{"name": "a", "role": "read", "expiresAt": "2001-01-01T00:00:00Z"}"#, "#/expiresAt"),
        ])
    func faults(body: String, pointer: String) async throws {
        try await Stage.run { stage in
            let ops = bearer(try await stage.registry.tokens.add(name: "ops", role: .admin))
            let answer = try await stage.send(.post, "/v1/tokens", body, headers: ops)
            #expect(answer.problem?.status == 422 && answer.problem?.errors.first?.pointer == pointer, "\(answer.text)")
        }
    }

    @Test("a token that has come to its end is refused, and the API stays shut though no other is left")
    func end() async throws {
        try await Stage.run { stage in
            let ends = stage.clock.now().addingTimeInterval(60)
            let secret = try await stage.registry.tokens.add(name: "ops", role: .admin, expires: ends)
            stage.clock.advance(by: 59)
            #expect(try await stage.get("/v1/services", headers: bearer(secret)).status == .ok)
            stage.clock.advance(by: 1)
            let answer = try await stage.get("/v1/services", headers: bearer(secret))
            #expect(answer.problem?.status == 401 && answer.problem?.detail.contains("ops has expired") == true)
            #expect(try await stage.get("/v1/services").problem?.status == 401)
        }
    }

    @Test("last uses are written together, and outlive a restart")
    func lastUse() async throws {
        try await Stage.run { stage in
            let ops = bearer(try await stage.registry.tokens.add(name: "ops", role: .admin))
            let before = try await stage.registry.tokens.list().first
            #expect(before?.lastUsedAt == nil)
            for _ in 0..<3 { _ = try await stage.get("/v1/services", headers: ops) }
            let restarted = try Registry(path: stage.registry.database.path)
            #expect(try await restarted.tokens.list().first?.lastUsedAt == nil)
            try await stage.registry.tokens.flushUses()
            #expect(try await restarted.tokens.list().first?.lastUsedAt == Timestamp.text(stage.clock.now()))
        }
    }

    @Test("a gateway's token is good for its location and its name alone")
    func bound() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/locations/hel", "{}")
            let secret = try await stage.registry.tokens.add(name: "gw1", role: .gateway)
            func status(_ location: String, _ name: String?) async throws -> Int {
                var headers = bearer(secret)
                headers[.portcullisGateway] = name
                return try await stage.get("/v1/locations/\(location)/services.csv", headers: headers).status.code
            }
            #expect(try await status("tcn", "gw1") == 200)
            #expect(try await status("tcn", nil) == 200)
            #expect(try await status("tcn", "gw2") == 403)
            #expect(try await status("hel", "gw1") == 403)
            #expect(try await status("hel", nil) == 403)
            #expect(try await status("nowhere", "gw1") == 403)
            #expect(try await stage.gateways.resources(in: try await stage.registry.state()).map(\.name) == ["gw1"])
        }
    }

    @Test("a token from before, bound to no gateway, goes on, and cannot invent names without end")
    func unbound() async throws {
        try await Stage.run(limits: .init(gateways: 100, unvouched: 2)) { stage in
            try await stage.seed()
            let secret = try await stage.registry.tokens.add(name: "old", role: .gateway)
            let bound = try await stage.registry.tokens.add(name: "gw4", role: .gateway, gateway: "tcn/gw4")
            let ops = bearer(try await stage.registry.tokens.add(name: "ops", role: .admin))
            try await stage.registry.database.write { db in
                try db.execute(sql: "UPDATE token SET location = NULL, gateway = NULL WHERE name = 'old'")
            }
            func status(_ name: String, _ secret: String) async throws -> Int {
                var headers = bearer(secret)
                headers[.portcullisGateway] = name
                return try await stage.get(ExportRouteTests.path, headers: headers).status.code
            }
            for name in ["gw1", "gw2", "gw1"] { #expect(try await status(name, secret) == 200) }
            #expect(try await status("gw3", secret) == 403)
            #expect(try await status("gw1", secret) == 200)
            #expect(try await status("gw4", bound) == 200)
            let server = #"{"location": "tcn", "kind": "gateway", "addresses": ["10.1.0.2"]}"#
            #expect(try await stage.send(.put, "/v1/servers/gw3", server, headers: ops).status == .created)
            #expect(try await status("gw3", secret) == 200)
            #expect(try await stage.send(.delete, "/v1/gateways/tcn/gw2", headers: ops).status == .ok)
            #expect(
                try await stage.gateways.resources(in: try await stage.registry.state()).map(\.name) == [
                    "gw1", "gw3", "gw4",
                ])
        }
    }
}
