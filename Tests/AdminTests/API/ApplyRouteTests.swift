import AdminAPI
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Admin

@Suite("Apply") struct ApplyRouteTests {
    @Test("a cloud is made in one transaction, whatever order its parts refer to each other in")
    func create() async throws {
        try await Stage.run { stage in
            let generation = try await stage.registry.state().generation
            let response = try await stage.send(.post, "/v1/apply", Stage.seedBody)
            let report = try response.report
            #expect(
                report.changes.map(\.kind) == [.location, .pool, .pool, .server, .server, .server, .type, .type]
                    + Array(repeating: .service, count: 4))
            #expect(report.changes.allSatisfy { $0.action == .create })
            #expect(report.export.first?.added.count == 8)
            #expect(try await stage.registry.state().generation == generation + 1)
            #expect(try await stage.eventCount() == 12)
        }
    }

    @Test("the same cloud again changes nothing: no event, no generation")
    func idempotent() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let generation = try await stage.registry.state().generation
            let again = try await stage.send(.post, "/v1/apply", Stage.seedBody)
            #expect(try again.report == ChangeReport(changes: [], export: []))
            #expect(try await stage.registry.state().generation == generation)
            #expect(try await stage.eventCount() == 12)
        }
    }

    @Test("a state that is not given is left to the operator, a given one is set")
    func states() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            let silent = try await stage.send(.post, "/v1/apply", Stage.seedBody)
            #expect(try silent.report.changes.isEmpty)
            let explicit = try await stage.send(
                .post, "/v1/apply", #"{"services": [{"name": "tg.1", "server": "app1", "state": "ready"}]}"#)
            #expect(try explicit.report.changes == [.init(action: .update, kind: .service, name: "tg.1")])
        }
    }

    @Test("what is not listed stays, and goes with prune")
    func prune() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let part = try await stage.send(.post, "/v1/apply", #"{"locations": [{"name": "ams"}]}"#)
            #expect(try part.report.changes.count == 1)
            let rest = #"{"locations": [{"name": "ams"}], "prune": true}"#
            let pruned = try await stage.send(.post, "/v1/apply", rest)
            #expect(try pruned.report.changes.count == 12)
            #expect(try pruned.report.export.first?.removed.count == 8)
            #expect(try await stage.read([LocationResource].self, "/v1/locations").map(\.name) == ["ams"])
        }
    }

    @Test("one fault and nothing of it is stored")
    func atomic() async throws {
        try await Stage.run { stage in
            let body = #"{"locations": [{"name": "a"}], "services": [{"name": "tg.1", "server": "app1"}]}"#
            let response = try await stage.send(.post, "/v1/apply", body)
            #expect(response.problem?.status == 409)
            #expect(response.text.contains("tg.1"))
            #expect(try await stage.read([LocationResource].self, "/v1/locations") == [])
            let types = #"{"types": [{"name": "a", "source": "type: b"}, {"name": "c", "source": "x: ["}]}"#
            let faulty = try await stage.send(.post, "/v1/apply", types)
            #expect(faulty.problem?.status == 422)
            #expect(Set(faulty.problem?.errors.map { $0.pointer.prefix(6) } ?? []) == ["a.yaml", "c.yaml"])
        }
    }
}
