import AdminAPI
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Admin

@Suite("Services whose server ADMIN chooses") struct PlacementRouteTests {
    @Test("ADMIN chooses the server, and the answer and the resource name it")
    func chosen() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let plan = try await stage.send(.post, "/v1/services?dry_run=true", #"{"type": "pgw"}"#)
            let created = try await stage.send(.post, "/v1/services", #"{"type": "pgw", "location": "tcn"}"#)
            #expect(created.status == .created && created.headers[.location] == "/v1/services/pgw.3")
            #expect(try plan.report == created.report.content)
            #expect(
                try created.report.changes == [
                    .init(
                        action: .create, kind: .service, name: "pgw.3", after: "ready on app3, the section's weight")
                ])
            #expect(try await stage.read(ServiceResource.self, "/v1/services/pgw.3").server == "app3")
        }
    }

    @Test("without a server that can take it the change is refused, and says why for each")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.post, "/v1/services", #"{"type": "pgw"}"#)
            let refused = try await stage.send(.post, "/v1/services", #"{"type": "pgw"}"#)
            #expect(refused.problem?.status == 409)
            #expect(refused.problem?.detail == "No server can take another service of pgw.")
            #expect(
                refused.problem?.errors == [
                    .init(pointer: "#/type", detail: "app1, app2, app3: a service of pgw is there already")
                ])
            let faults = [
                (#"{"type": "nope"}"#, "#/type", "there is no type \"nope\""),
                (#"{"type": "tg", "location": "hel"}"#, "#/location", "there is no location \"hel\""),
                (
                    #"{"type": "tg", "server": "app3", "location": "tcn"}"#, "#/location",
                    "is only allowed without `server`, whose location counts"
                ),
            ]
            for (body, pointer, detail) in faults {
                let answer = try await stage.send(.post, "/v1/services", body)
                #expect(answer.problem?.status == 422, "\(body): \(answer.text)")
                #expect(answer.problem?.errors == [.init(pointer: pointer, detail: detail)], "\(body): \(answer.text)")
            }
            #expect(try await stage.read([ServiceResource].self, "/v1/services").count == 5)
        }
    }

    @Test("what else contradicts is told where the request asks for it")
    func contradiction() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.putType("one", "type: one\nunique: true\n")
            #expect(try await stage.send(.post, "/v1/services", #"{"type": "one"}"#).status == .created)
            let second = try await stage.send(.post, "/v1/services", #"{"type": "one"}"#)
            #expect(second.problem?.status == 409)
            #expect(second.problem?.errors.map(\.pointer) == ["#/type"], "\(second.text)")
        }
    }

    @Test("two callers at the same time never get the same server for an exported type")
    func race() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for number in 4...9 {
                try await stage.send(
                    .put, "/v1/servers/app\(number)",
                    #"{"location": "tcn", "kind": "app", "addresses": ["10.1.0.2\#(number)"]}"#)
            }
            let statuses = await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<8 {
                    group.addTask { try? await stage.send(.post, "/v1/services", #"{"type": "pgw"}"#).status.code }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 7 && statuses.count { $0 == 409 } == 1)
            let servers = try await stage.read([ServiceResource].self, "/v1/services").filter { $0.type == "pgw" }
                .map(\.server)
            #expect(Set(servers).count == 9)
        }
    }
}
