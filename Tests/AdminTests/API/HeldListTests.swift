import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

/// Lists that are held until they differ (`Prefer: wait`).
@Suite("Held lists") struct HeldListTests {
    /// Asks for a list that is known, makes the changes once the answer is held, and returns the answer.
    private func held(
        _ stage: Stage, _ path: String, seconds: Int = 60, _ change: @Sendable () async throws -> Void
    ) async throws -> TestClient.Response {
        let tag = try #require(try await stage.get(path).headers[.eTag])
        async let answer = stage.withConnection { client in
            try await client.poll(path, headers: [.ifNoneMatch: tag, .prefer: "wait=\(seconds)"])
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
