import AdminAPI
import Hummingbird
import HummingbirdTesting
import Names
import Testing

@testable import Admin

@Suite("What types require, over HTTP") struct RequirementRouteTests {
    private static let ssd = "type: fast\nrequires: {labels: [ssd, raid], types: pgw}\n"

    @Test("a server without the labels is refused where the request names it, and one with them is not")
    func labels() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.putType("fast", Self.ssd)
            let refused = try await stage.send(.post, "/v1/services", #"{"type": "fast", "server": "app1"}"#)
            #expect(
                refused.problem?.errors == [
                    .init(
                        pointer: "#/server",
                        detail: "the service fast.1 needs a server with the labels ssd, raid; app1 has none "
                            + "(fast.yaml:2:11)")
                ])
            try await stage.send(.patch, "/v1/servers/app1", #"{"labels": ["raid", "ssd"]}"#)
            #expect(try await stage.read(ServerResource.self, "/v1/servers/app1").labels == ["raid", "ssd"])
            #expect(
                try await stage.send(.post, "/v1/services", #"{"type": "fast", "server": "app1"}"#).status == .created)
            let less = try await stage.send(.patch, "/v1/servers/app1", #"{"labels": ["ssd"]}"#)
            #expect(less.problem?.errors.map(\.pointer) == ["#/labels"])
            let move = try await stage.send(.patch, "/v1/services/fast.1", #"{"server": "app2"}"#)
            #expect(move.problem?.errors.map(\.pointer) == ["#/server"])
        }
    }

    @Test("a service needs those of the types it names, and the last of them is not taken away")
    func types() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.putType("needy", "type: needy\nrequires: {types: [fast, pgw]}\n")
            _ = try await stage.putType("fast", "type: fast\n")
            let refused = try await stage.send(.put, "/v1/services/needy.1", #"{"server": "app1"}"#)
            #expect(refused.problem?.errors.map(\.pointer) == ["{service}"])
            #expect(refused.text.contains("the service needy.1 needs a service of type fast, and there is none"))
            try await stage.send(.put, "/v1/services/fast.1", #"{"server": "app1"}"#)
            #expect(try await stage.send(.put, "/v1/services/needy.1", #"{"server": "app1"}"#).status == .created)
            #expect(try await stage.send(.delete, "/v1/services/fast.1").problem?.status == 409)
            #expect(try await stage.send(.delete, "/v1/services/pgw.1").status == .ok)
            #expect(try await stage.send(.delete, "/v1/services/pgw.2").problem?.status == 409)
        }
    }
}
