import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Tokens and roles") struct RoleTests {
    @Test("admin may do everything, read may not change, gateway fetches the export only")
    func matrix() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let expected: [(TokenRole, read: Int, export: Int, write: Int)] = [
                (.admin, 200, 200, 200), (.read, 200, 200, 403), (.gateway, 403, 200, 403),
            ]
            let tokens = try await expected.asyncMap {
                try await stage.registry.tokens.add(name: "t-\($0.0)", role: $0.0)
            }
            for (token, row) in zip(tokens, expected) {
                let headers: HTTPFields = [.authorization: "Bearer \(token)"]
                for path in ["/v1/services", "/v1/events", "/v1/gateways", "/v1/types/tg", "/v1/version", "/v1/health"]
                {
                    #expect(try await stage.get(path, headers: headers).status.code == row.read)
                }
                let export = try await stage.get("/v1/locations/tcn/services.csv", headers: headers)
                #expect(export.status.code == row.export)
                let write = try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 5}"#, headers: headers)
                #expect(write.status.code == row.write)
                if row.write == 403 {
                    #expect(write.problem?.detail.contains("t-\(row.0)") == true)
                    #expect(write.headers[.wwwAuthenticate]?.contains("insufficient_scope") == true)
                }
                #expect(try await stage.get("/healthz", headers: headers).status == .ok)
            }
        }
    }

    @Test("with a token configured every request needs one, and a wrong one is told from none")
    func unauthorized() async throws {
        try await Stage.run { stage in
            #expect(try await stage.get("/v1/services").status == .ok)
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let none = try await stage.get("/v1/services")
            #expect(none.problem?.status == 401)
            #expect(none.headers[.wwwAuthenticate] == #"Bearer realm="portcullis""#)
            let wrong = try await stage.get("/v1/services", headers: [.authorization: "Bearer portcullis_no"])
            #expect(wrong.headers[.wwwAuthenticate] == #"Bearer realm="portcullis", error="invalid_token""#)
            #expect(try await stage.get("/v1/services", headers: [.authorization: "Basic abc"]).problem?.status == 401)
            for path in ["/healthz", "/readyz", "/openapi.json"] {
                #expect(try await stage.get(path).status == .ok)
            }
        }
    }

    @Test("where others can connect, the API stays shut even without any token")
    func shut() async throws {
        try await Stage.run(isOpen: false) { stage in
            #expect(try await stage.get("/v1/services").problem?.status == 401)
            let token = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let headers: HTTPFields = [.authorization: "bearer  \(token)"]
            #expect(try await stage.get("/v1/services", headers: headers).status == .ok)
            try await stage.registry.tokens.remove(name: "ops")
            #expect(try await stage.get("/v1/services", headers: headers).problem?.status == 401)
        }
    }

    @Test("the event log names the token that made a change")
    func actor() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let token = try await stage.registry.tokens.add(name: "alice", role: .admin)
            let headers: HTTPFields = [.authorization: "Bearer \(token)"]
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#, headers: headers)
            let page = try await stage.get("/v1/events?limit=1000", headers: headers).decoded(EventPage.self)
            #expect(page.events.first?.actor == "anonymous")
            let last = try #require(page.events.last)
            #expect(last.actor == "alice" && last.action == .update && last.name == "tg.1")
            #expect(last.before == "ready on app1, the section's weight")
            #expect(last.after == "drain on app1, the section's weight")
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
