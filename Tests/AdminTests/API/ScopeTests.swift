import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Scopes of tokens") struct ScopeTests {
    private func token(_ stage: Stage, _ name: String, _ scope: ChangeScope) async throws -> HTTPFields {
        let secret = try await stage.registry.tokens.add(TokenGrant(name: name, role: .admin, scope: scope)).secret
        return [.authorization: "Bearer \(secret)"]
    }

    @Test("a scoped token changes what is inside; a 403 names the first thing that is outside, at its place")
    func change() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ci = try await token(stage, "ci", ChangeScope(locations: ["tcn"], types: ["pgw"]))
            #expect(try await stage.send(.patch, "/v1/services/pgw.1", #"{"weight": 5}"#, headers: ci).status == .ok)
            let refused = try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 5}"#, headers: ci)
            #expect(refused.problem?.status == 403)
            #expect(refused.problem?.detail == "Token ci may change location tcn, type pgw only.")
            #expect(
                refused.problem?.errors == [.init(pointer: "{service}", detail: "service tg.1: type tg, at tcn")])
            #expect(refused.headers[.wwwAuthenticate]?.contains("insufficient_scope") == true)
            let events = try await stage.get("/v1/events?limit=1000", headers: ci).decoded(EventPage.self).events
            #expect(events.last?.actor == "ci" && events.last?.name == "pgw.1")
        }
    }

    @Test("an apply is refused whole, a prune too, also as a dry run")
    func apply() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ci = try await token(stage, "ci", ChangeScope(types: ["pgw"]))
            let request = ApplyRequest(services: [
                .init(name: "pgw.1", server: "app1", state: .drain), .init(name: "tg.1", server: "app1", state: .drain),
            ])
            let body = String(decoding: request.jsonBytes, as: UTF8.self)
            for path in ["/v1/apply", "/v1/apply?dry_run=true"] {
                let refused = try await stage.send(.post, path, body, headers: ci)
                #expect(refused.problem?.errors.map(\.pointer) == ["#/services/1"], "\(refused.text)")
            }
            let prune = try await stage.send(.post, "/v1/apply", #"{"prune": true, "yesDelete": 12}"#, headers: ci)
            #expect(prune.problem?.status == 403, "\(prune.text)")
            let service = try await stage.get("/v1/services/pgw.1", headers: ci).decoded(ServiceResource.self)
            #expect(service.state == .ready)
        }
    }

    @Test("a mark that is reserved for another type is not taken by a scoped token, and for others it is a change")
    func reservedMark() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ops = try await token(stage, "ops", .everything)
            func source(_ type: String, _ ports: String) -> String {
                "type: \(type)\ngateway:\n  - {name: s, address: www-ip, fwm: {ports: \(ports)}}\n"
            }
            func put(_ type: String, _ source: String, _ headers: HTTPFields) async throws -> TestResponse {
                try await stage.send(.put, "/v1/types/\(type)", source, type: "application/yaml", headers: headers)
            }
            #expect(try await put("old", source("old", "41000-41010, mark: 258"), ops).status == .created)
            try await stage.send(.delete, "/v1/types/old", headers: ops)
            let taking = source("mine", "42000-42010, mark: 258")
            let mine = try await token(stage, "ci", ChangeScope(types: ["mine"]))
            let refused = try await put("mine", taking, mine)
            #expect(refused.problem?.status == 403, "\(refused.text)")
            #expect(refused.problem?.errors.map(\.detail) == ["mark 258"])
            let marks = try await stage.get("/v1/marks", headers: ops).text
            #expect(marks.contains(#""old""#), "\(marks)")
            // For whom it is within the scope, it is a change and an event of its own.
            let both = try await token(stage, "both", ChangeScope(types: ["mine", "old"]))
            let taken = try await put("mine", taking, both)
            #expect(taken.status == .created && taken.text.contains(#""mark""#), "\(taken.text)")
            let events = try await stage.get("/v1/events?limit=1000", headers: ops).decoded(EventPage.self).events
            let event = try #require(events.last { $0.kind == .mark })
            #expect(event.name == "258" && event.action == .delete && event.before == "old/s" && event.after == nil)
            #expect(event.actor == "both")
        }
    }

    @Test("a scoped token reads what a token of role read reads, and has no say in tokens and gateways")
    func others() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ci = try await token(stage, "ci", ChangeScope(types: ["pgw"]))
            for path in ["/v1/services", "/v1/events", "/v1/gateways", "/v1/types/tg", "/v1/secrets"] {
                #expect(try await stage.get(path, headers: ci).status == .ok)
            }
            #expect(try await stage.get("/v1/tokens", headers: ci).problem?.status == 403)
            let almighty = #"{"name": "me", "role": "admin"}"#
            #expect(try await stage.send(.post, "/v1/tokens", almighty, headers: ci).problem?.status == 403)
            #expect(try await stage.send(.delete, "/v1/tokens/ci", headers: ci).problem?.status == 403)
            #expect(try await stage.send(.delete, "/v1/gateways/tcn/gw1", headers: ci).problem?.status == 403)
            let report = #"{"sequence": 1, "full": true}"#
            let told = try await stage.send(
                .post, "/v1/gateways/tcn/gw1/report", report, headers: ci)
            #expect(told.status == .forbidden, "\(told.text)")
        }
    }

    @Test("role read sees what any change would do, and changes nothing")
    func dryRuns() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let secret = try await stage.registry.tokens.add(TokenGrant(name: "eye", role: .read)).secret
            let eye: HTTPFields = [.authorization: "Bearer \(secret)"]
            let count = try await stage.get("/v1/events?limit=1000", headers: eye).decoded(EventPage.self).events.count
            let changes: [(HTTPRequest.Method, String, String?, String)] = [
                (.post, "/v1/apply", Stage.seedBody, "application/json"),
                (.put, "/v1/types/pgw", "type: pgw\n", "application/yaml"),
                (.patch, "/v1/services/tg.1", #"{"weight": 5}"#, "application/json"),
                (.delete, "/v1/services/tg.1", nil, "application/json"),
                (.put, "/v1/secrets/key", #"{"value": "x"}"#, "application/json"),
            ]
            for (method, path, body, type) in changes {
                let dry = try await stage.send(method, path + "?dry_run=true", body, type: type, headers: eye)
                #expect(dry.status == .ok, "\(path): \(dry.text)")
                for query in ["", "?dry_run=false", "?dry_run=yes"] {
                    let wet = try await stage.send(method, path + query, body, type: type, headers: eye)
                    #expect(wet.problem?.status == 403, "\(path)\(query): \(wet.text)")
                }
            }
            #expect(
                try await stage.get("/v1/events?limit=1000", headers: eye).decoded(EventPage.self).events.count == count
            )
        }
    }

    @Test("a dry run does not tell who may not set a secret whether a value is the present one")
    func oracle() async throws {
        try await Stage.run { stage in
            let ops = try await token(stage, "ops", .everything)
            try await stage.send(.put, "/v1/secrets/key", #"{"value": "right"}"#, headers: ops)
            let eye = try await stage.registry.tokens.add(TokenGrant(name: "eye", role: .read)).secret
            let ci = try await token(stage, "ci", ChangeScope(types: ["pgw"]))
            for headers in [["authorization": "Bearer \(eye)"], nil] {
                let fields = headers.map { [.authorization: $0["authorization"]!] as HTTPFields } ?? ci
                let answers = try await ["right", "wrong"].asyncMap {
                    try await stage.send(
                        .put, "/v1/secrets/key?dry_run=true", #"{"value": "\#($0)"}"#, headers: fields
                    ).text
                }
                #expect(answers[0] == answers[1])
            }
        }
    }

    @Test("a scope is of role admin, and names at least one thing; the first token has none")
    func making() async throws {
        try await Stage.run { stage in
            let first = try await stage.send(
                .post, "/v1/tokens", #"{"name": "ci", "role": "admin", "types": ["pgw"]}"#)
            #expect(first.problem?.errors.first?.pointer == "#/role")
            let ops = try await token(stage, "ops", .everything)
            let bodies = [
                (#"{"name": "ci", "role": "admin", "types": []}"#, "#/types"),
                (#"{"name": "ci", "role": "read", "locations": ["tcn"]}"#, "#/locations"),
                (#"{"name": "ci", "role": "admin", "types": ["pgw", "pgw"]}"#, "#/types/1"),
                (#"{"name": "ci", "role": "admin", "locations": ["No"]}"#, "#/locations/0"),
            ]
            for (body, pointer) in bodies {
                let refused = try await stage.send(.post, "/v1/tokens", body, headers: ops)
                #expect(refused.problem?.errors.map(\.pointer) == [pointer], "\(refused.text)")
            }
            let body = #"{"name": "ci", "role": "admin", "types": ["tg", "pgw"], "locations": ["tcn"]}"#
            let made = try await stage.send(.post, "/v1/tokens", body, headers: ops).decoded(CreatedToken.self)
            #expect(made.token.types == ["pgw", "tg"] && made.token.locations == ["tcn"])
            let listed = try await stage.get("/v1/tokens", headers: ops).decoded([TokenResource].self)
            #expect(listed.first { $0.name == "ci" } == made.token.with(lastUsedAt: nil))
            let events = try await stage.get("/v1/events?limit=1000", headers: ops).decoded(EventPage.self).events
            #expect(events.last?.after == "role admin for location tcn, types pgw tg")
        }
    }
}

extension TokenResource {
    fileprivate func with(lastUsedAt: String?) -> TokenResource {
        var token = self
        token.lastUsedAt = lastUsedAt
        return token
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
