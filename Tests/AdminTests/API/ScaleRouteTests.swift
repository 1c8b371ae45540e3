import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Admin

@Suite("Scaling a type") struct ScaleRouteTests {
    private static func names(_ stage: Stage, _ type: String) async throws -> [String] {
        try await stage.read([ServiceResource].self, "/v1/services").filter { $0.type == type }.map(\.name)
    }

    @Test("services are added and removed in one write, which a dry run shows")
    func upAndDown() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let plan = try await stage.send(.post, "/v1/types/pgw/scale?dry_run=true", #"{"count": 3}"#)
            #expect(try await Self.names(stage, "pgw").count == 2)
            let up = try await stage.send(.post, "/v1/types/pgw/scale", #"{"count": 3, "location": "tcn"}"#)
            #expect(try up.report.export == plan.report.export && up.report.changes == plan.report.changes)
            #expect(
                try up.report.changes == [
                    .init(
                        action: .create, kind: .service, name: "pgw.3", after: "ready on app3, the section's weight")
                ])
            #expect(try await stage.export().contains { $0.hasPrefix("pgw.3,") })
            let tag = up.headers[.eTag]
            let same = try await stage.send(.post, "/v1/types/pgw/scale", #"{"count": 3}"#)
            #expect(try same.report.changes.isEmpty && same.headers[.eTag] == tag)
            try await stage.send(.post, "/v1/types/pgw/scale", #"{"count": 1}"#)
            #expect(try await Self.names(stage, "pgw") == ["pgw.1"])
        }
    }

    @Test("what is refused says where, and changes nothing")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.putType("one", "type: one\nunique: true\n")
            let refusals = [
                ("pgw", #"{"count": 4}"#, 409, "#/count", "app1, app2, app3: a service of pgw is there already"),
                ("one", #"{"count": 2}"#, 409, "#/count", "one is unique in the cloud"),
                ("pgw", #"{"count": 1, "location": "hel"}"#, 422, "#/location", "there is no location \"hel\""),
                ("pgw", #"{"count": -1}"#, 422, "#/count", ""), ("pgw", #"{"count": 100001}"#, 422, "#/count", ""),
                ("pgw", "{}", 422, "#/count", "is missing"),
            ]
            let before = try await stage.get("/v1/cloud").text
            for (type, body, status, pointer, detail) in refusals {
                let answer = try await stage.send(.post, "/v1/types/\(type)/scale", body)
                #expect(answer.problem?.status == status, "\(body): \(answer.text)")
                #expect(answer.problem?.errors.map(\.pointer) == [pointer], "\(body): \(answer.text)")
                #expect(answer.problem?.errors.first?.detail.contains(detail) == true || detail.isEmpty)
            }
            let missing = try await stage.send(.post, "/v1/types/nope/scale", #"{"count": 1}"#)
            #expect(missing.problem?.detail == "There is no type nope.")
            #expect(try await stage.get("/v1/cloud").text == before)
        }
    }

    @Test("with If-Match nothing is removed that the dry run has not shown")
    func ifMatch() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let plan = try await stage.send(.post, "/v1/types/pgw/scale?dry_run=true", #"{"count": 1}"#)
            let tag = try #require(plan.headers[.eTag])
            try await stage.send(.post, "/v1/services", #"{"type": "pgw"}"#)
            let late = try await stage.send(
                .post, "/v1/types/pgw/scale", #"{"count": 1}"#, headers: [.ifMatch: tag])
            #expect(late.problem?.status == 412)
            #expect(try await Self.names(stage, "pgw").count == 3)
        }
    }

    @Test("callers at the same time do not add to each other's services")
    func race() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.putType("job", "type: job\n")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { _ = try? await stage.send(.post, "/v1/types/job/scale", #"{"count": 6}"#) }
                }
            }
            #expect(try await Self.names(stage, "job") == (1...6).map { "job.\($0)" })
            let servers = try await stage.read([ServiceResource].self, "/v1/services").filter { $0.type == "job" }
            #expect(Dictionary(grouping: servers, by: \.server).values.map(\.count) == [2, 2, 2])
        }
    }
}
