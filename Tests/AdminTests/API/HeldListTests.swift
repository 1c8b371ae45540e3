import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

/// Lists that are held until they differ (`Prefer: wait`).
@Suite("Held lists") struct HeldListTests {
    /// Asks for a list that is known, makes the changes once the answer is held, and returns the answer.
    private func held(
        _ stage: Stage, _ path: String, seconds: Int = 60, headers: HTTPFields = [:],
        _ change: @Sendable () async throws -> Void
    ) async throws -> TestClient.Response {
        let tag = try #require(try await stage.get(path).headers[.eTag])
        var fields: HTTPFields = [.ifNoneMatch: tag, .prefer: "wait=\(seconds)"]
        for field in headers { fields[field.name] = field.value }
        async let answer = stage.withConnection { [fields] client in
            try await client.poll(path, headers: fields)
        }
        try await waits(stage)
        try await change()
        return try await answer
    }

    /// Returns when a list is waited for.
    private func waits(_ stage: Stage) async throws {
        while await stage.registry.listChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func text(_ response: TestClient.Response) -> String { String(buffer: response.body ?? ByteBuffer()) }

    @Test("a list is held until it differs; changes of what it does not have do not end that")
    func services() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let answer = try await held(stage, "/v1/services?type=tg&fields=name,state") {
                try await stage.send(.patch, "/v1/services/pgw.1", #"{"state": "drain"}"#)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 7}"#)
                try await waits(stage)
                try await stage.send(.patch, "/v1/services/tg.2", #"{"state": "maint"}"#)
            }
            #expect(answer.status == .ok && answer.headers[.preferenceApplied] == "wait=60")
            #expect(text(answer) == #"[{"name":"tg.1","state":"ready"},{"name":"tg.2","state":"maint"}]"#)
            let late = try await held(stage, "/v1/servers", seconds: 1) {}
            #expect(late.status == .notModified)
        }
    }

    @Test("events are held until there is one that the filter lets through; tokens make events, too")
    func events() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let answer = try await held(stage, "/v1/events?after=100&name=tg.1") {
                try await stage.send(.patch, "/v1/services/tg.2", #"{"state": "maint"}"#)
                for _ in 0..<100 {
                    try await stage.send(.put, "/v1/locations/l\(Int.random(in: 0..<1_000_000_000))", "{}")
                }
                try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "maint"}"#)
            }
            #expect(answer.status == .ok && text(answer).contains(#""name":"tg.1""#))
            let token = try await held(stage, "/v1/events?kind=token") {
                _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            }
            // The API has been open until there was a token.
            #expect(token.status == .unauthorized)
        }
    }

    @Test("gateways are held until one says something else, not until it polls again")
    func gateways() async throws {
        let name = HTTPField.Name("Portcullis-Gateway")!
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let export = "/v1/locations/tcn/services.csv"
            _ = try await stage.get(export, headers: [name: "gw1"])
            let answer = try await held(stage, "/v1/gateways") {
                stage.clock.advance(by: 5)
                _ = try await stage.get(export, headers: [name: "gw1"])
                try await waits(stage)
                _ = try await stage.get(export, headers: [name: "gw1", HTTPField.Name("Portcullis-Role")!: "active"])
            }
            #expect(answer.status == .ok && text(answer).contains(#""role":"active""#))
        }
    }

    private static let takesPatch: HTTPFields = [.acceptedManipulation: "vcdiff, merge-patch"]

    @Test("of a list that has changed only that is sent, to whoever takes it; applied, it is the list read afresh")
    func patch() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let path = "/v1/services?sort=location"
            try await stage.send(.put, "/v1/types/zzz", "type: zzz\n", type: "application/yaml")
            try await stage.send(.put, "/v1/services/zzz.1", #"{"server": "app3"}"#)
            let old = try await stage.read([ServiceResource].self, path)
            let answer = try await held(stage, path, headers: Self.takesPatch) {
                let change = try await stage.send(
                    .post, "/v1/apply",
                    #"""
                    {"locations": [{"name": "hel"}],
                     "servers": [{"name": "app3", "location": "hel", "kind": "app", "addresses": ["10.1.0.13"]}],
                     "services": [{"name": "tg.2", "server": "app2", "state": "drain", "weight": 7}]}
                    """#)
                #expect(change.status == .ok, "\(change.text)")
            }
            // That of app3 stands elsewhere, and is the same.
            #expect(answer.headers[.places] == "0=zzz.1")
            #expect(text(answer).contains(#"{"tg.2":{"state":"drain","weight":7"#) && answer.status == .manipulated)
            #expect(answer.headers[.manipulation] == "merge-patch" && answer.headers[.cacheControl] == "no-store")
            #expect(answer.headers[.contentType] == "application/merge-patch+json")
            #expect(answer.headers[.preferenceApplied] == "wait=60" && answer.headers[.vary] == "Accept")
            let patch = try ListPatch(
                json: Array(text(answer).utf8), placesText: answer.headers[.places])
            let new = try patch.applied(to: old, name: \.name) { service, patch in
                try ServiceResource((service?.json ?? .null).merging(patch), .tolerant)
            }
            let afresh = try await stage.get(path)
            #expect(try afresh.decoded([ServiceResource].self) == new && new != old)
            #expect(afresh.headers[.eTag] == answer.headers[.eTag])
        }
    }

    @Test(
        "the whole list is sent to whoever does not ask for what has changed, or would not know since when",
        arguments: [
            ("", [:]), ("", [.acceptedManipulation: "merge-patch;q=0"]),
            ("?limit=3", takesPatch),
            ("", takesPatch.merging([.ifNoneMatch: "*"])),
            ("?fields=name,state", takesPatch.merging([.acceptedManipulation: "feed"])),
        ] as [(String, HTTPFields)])
    func whole(query: String, headers: HTTPFields) async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let answer = try await held(stage, "/v1/services\(query)", seconds: 3, headers: headers) {
                try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            }
            // Whoever knows any list is not told of another one.
            guard headers[.ifNoneMatch] != "*" else { return #expect(answer.status == .notModified) }
            #expect(answer.status == .ok && text(answer).hasPrefix("[") && answer.headers[.manipulation] == nil)
        }
    }

    @Test("a list that has changed before the request is sent as a whole, and so is one that is shorter than its patch")
    func late() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get("/v1/services").headers[.eTag])
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            let fields = Self.takesPatch.merging([.ifNoneMatch: tag, .prefer: "wait=60"])
            let late = try await stage.withConnection { try await $0.poll("/v1/services", headers: fields) }
            #expect(late.status == .ok && text(late).hasPrefix("["))
            // Of two lists that the client knows, nobody could say which one to patch.
            let now = try #require(late.headers[.eTag])
            let either = Self.takesPatch.merging([.ifNoneMatch: "\(now), \"0\""])
            let whole = try await held(stage, "/v1/services", headers: either) {
                try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "maint"}"#)
            }
            #expect(whole.status == .ok && text(whole).hasPrefix("["))
            let short = try await held(stage, "/v1/services?type=tg", headers: Self.takesPatch) {
                try await stage.send(.post, "/v1/types/tg/scale", #"{"count": 0}"#)
            }
            #expect(short.status == .ok && text(short) == "[]")
        }
    }

    @Test("of gateways that have changed, all have their age in what is sent")
    func patchOfGateways() async throws {
        let (name, role) = (HTTPField.Name("Portcullis-Gateway")!, HTTPField.Name("Portcullis-Role")!)
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let export = "/v1/locations/tcn/services.csv"
            for gateway in ["gw1", "gw2"] { _ = try await stage.get(export, headers: [name: gateway]) }
            let answer = try await held(stage, "/v1/gateways", headers: Self.takesPatch) {
                stage.clock.advance(by: 5)
                _ = try await stage.get(export, headers: [name: "gw1", role: "active"])
            }
            #expect(answer.status == .manipulated && answer.headers[.eTag]?.hasPrefix("W/") == true)
            let json = try JSONParser.parse(Array(text(answer).utf8))
            #expect(json["tcn/gw1"]?["role"] == "active" && json["tcn/gw1"]?["name"] == nil)
            guard case .object(let silent)? = json["tcn/gw2"] else { throw StageError(text(answer)) }
            #expect(Set(silent.map(\.name)) == ["age", "lastPoll"])
        }
    }

    @Test("the configuration of a service that does not exist yet is waited for")
    func configuration() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let path = "/v1/services/tg.3/config"
            #expect(try await stage.get(path).status == .notFound)
            let late = try await stage.withConnection { try await $0.poll(path, headers: [.prefer: "wait=1"]) }
            #expect(late.status == .notFound)
            async let answer = stage.withConnection { try await $0.poll(path, headers: [.prefer: "wait=60"]) }
            while await stage.registry.configurationChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            #expect(await stage.registry.configurationChanges.waiting == 1)
            try await stage.send(.put, "/v1/services/tg.3", #"{"server": "app3"}"#)
            let response = try await answer
            #expect(response.status == .ok && response.headers[.eTag] != nil)
        }
    }
}

extension HTTPFields {
    /// These fields with the values of others.
    fileprivate func merging(_ others: HTTPFields) -> HTTPFields {
        var fields = self
        for field in others { fields[field.name] = field.value }
        return fields
    }
}
