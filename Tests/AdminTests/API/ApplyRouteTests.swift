import AdminAPI
import Cloud
import Hummingbird
import HummingbirdTesting
import Names
import Registry
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
            #expect(try again.report.content == ChangeReport(changes: [], export: []))
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
            #expect(
                try explicit.report.changes == [
                    .init(
                        action: .update, kind: .service, name: "tg.1",
                        before: "drain on app1, the section's weight", after: "ready on app1, the section's weight")
                ])
        }
    }

    @Test("what is not listed stays, and goes with prune")
    func prune() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let part = try await stage.send(.post, "/v1/apply", #"{"locations": [{"name": "ams"}]}"#)
            #expect(try part.report.changes.count == 1)
            let rest = #"{"locations": [{"name": "ams"}], "prune": true, "yesDelete": 12}"#
            let pruned = try await stage.send(.post, "/v1/apply", rest)
            #expect(try pruned.report.changes.count == 12)
            #expect(try pruned.report.export.first?.removed.count == 8)
            #expect(try await stage.read([LocationResource].self, "/v1/locations").map(\.name) == ["ams"])
        }
    }

    @Test("a prune that deletes much is refused until the number is named, whatever is empty; a dry run shows it")
    func pruneGuard() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let generation = try await stage.registry.state().generation
            for body in [
                #"{"prune": true}"#, #"{"prune": true, "locations": []}"#, #"{"prune": true, "yesDelete": 11}"#,
                #"{"prune": true, "yesDelete": null, "types": [], "services": []}"#,
                #"{"prune": true, "locations": [{"name": "tcn"}]}"#,
            ] {
                let response = try await stage.send(.post, "/v1/apply", body)
                #expect(response.status == .conflict)
                #expect(response.problem?.type == "urn:portcullis:problem:deletion")
                #expect(response.problem?.errors.last?.pointer == "#/prune")
                #expect(try await stage.send(.post, "/v1/apply?dry_run=true", body).status == .ok)
            }
            let refused = try await stage.send(.post, "/v1/apply", #"{"prune": true}"#)
            #expect(refused.problem?.detail.contains(#""yesDelete": 12"#) == true)
            #expect(refused.problem?.errors.map(\.detail) == ["12 of 12 things in all would be deleted"])
            #expect(try await stage.registry.state().generation == generation)
            let unneeded = try await stage.send(.post, "/v1/apply", #"{"prune": false, "yesDelete": 5}"#)
            #expect(unneeded.status == .ok)
            #expect(try await stage.send(.post, "/v1/apply", #"{"prune": true, "yesDelete": -1}"#).status.code == 422)
            let all = try await stage.send(.post, "/v1/apply", #"{"prune": true, "yesDelete": 12}"#)
            #expect(try all.report.changes.count == 12)
        }
    }

    @Test("a faulty element moves nobody's place: what is listed twice is named where it stands")
    func placesBesideFaults() async throws {
        try await Stage.run { stage in
            let response = try await stage.send(
                .post, "/v1/apply",
                #"""
                {"locations": [{"name": "A"}, {"name": "a"}, {"name": "a"}],
                 "services": [{"name": "t"}, {"name": "t.1", "server": "s"}, {"name": "t.1", "server": "s"}]}
                """#)
            #expect(response.status.code == 422)
            #expect(
                response.problem?.errors.map(\.pointer) == [
                    "#/locations/0/name", "#/locations/2", "#/services/0/name", "#/services/0/server", "#/services/2",
                ])
        }
    }

    @Test("what repeats the path is compared beside the other faults of the body")
    func agreementBesideFaults() async throws {
        try await Stage.run { stage in
            let response = try await stage.send(
                .put, "/v1/services/tg.1", #"{"name": "tg.2", "type": "pgw", "index": 3, "server": "S", "weight": -1}"#)
            #expect(
                response.problem?.errors.map(\.pointer) == ["#/name", "#/type", "#/index", "#/server", "#/weight"])
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
