import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Registry
import RegistryTestSupport
import Testing
import Text

@testable import Admin

@Suite("Reports of gateways over HTTP") struct GatewayReportTests {
    private static let path = "/v1/gateways/tcn/gw1"
    private static let whole =
        #"{"program": "1.0", "state": "synchronized", "drains": {}, "drainCount": 0, "refusals": {}, "problems": []}"#

    private func poll(_ stage: Stage, _ headers: HTTPFields = [:]) async throws {
        var headers = headers
        headers[.portcullisGateway] = "gw1"
        #expect(try await stage.get(ExportRouteTests.path, headers: headers).status == .ok)
    }

    private func send(_ stage: Stage, _ body: String) async throws -> Bool? {
        let response = try await stage.send(.post, Self.path + "/report", body)
        #expect(response.problem == nil, "\(response.text)")
        return try? ReportAnswer(json: Array(buffer: response.body), .strict).wantsWhole
    }

    private func detail(_ stage: Stage) async throws -> GatewayDetail {
        try GatewayDetail(json: Array(buffer: try await stage.get(Self.path).body), .strict)
    }

    @Test("a report is put together from the whole one and its changes, and asked for again where one is missing")
    func story() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            #expect(
                try await stage.send(
                    .post, Self.path + "/report", #"{"session": "a", "sequence": 1, "report": \#(Self.whole)}"#
                ).problem?.status == 404)
            try await poll(stage)
            #expect(try await detail(stage).report == nil)
            // Changes of what nobody has.
            let change =
                #"{"state": "held", "drains": {"a b": {"until": "2026-11-28T12:00:00Z", "connections": 3}}, "drainCount": 1}"#
            #expect(try await send(stage, #"{"session": "a", "sequence": 2, "changes": \#(change)}"#) == true)
            #expect(try await send(stage, #"{"session": "a", "sequence": 3, "report": \#(Self.whole)}"#) == false)
            #expect(try await detail(stage).report == GatewayReport(program: "1.0", state: .synchronized))
            #expect(try await send(stage, #"{"session": "a", "sequence": 4, "changes": \#(change)}"#) == false)
            var report = try await detail(stage).report
            #expect(report?.state == .held && report?.drains["a b"]?.connections == 3)
            // Twice the same, one lost, another daemon's: the report stays, and the whole one is asked for.
            for message in [
                #"{"session": "a", "sequence": 4, "changes": {"state": "failing"}}"#,
                #"{"session": "a", "sequence": 6, "changes": {"state": "failing"}}"#,
                #"{"session": "b", "sequence": 5, "changes": {"state": "failing"}}"#,
            ] {
                #expect(try await send(stage, message) == true)
            }
            #expect(
                try await send(
                    stage, #"{"session": "a", "sequence": 5, "changes": {"drains": {"a b": null}, "drainCount": 0}}"#)
                    == false)
            report = try await detail(stage).report
            #expect(report?.state == .held && report?.drains == [:])
            // A gateway that was forgotten has no report when it is back.
            try await stage.send(.delete, Self.path)
            #expect(try await stage.get(Self.path).problem?.status == 404)
            try await poll(stage)
            #expect(try await detail(stage).report == nil)
        }
    }

    @Test(
        "what is no report is refused with its place, and changes nothing",
        arguments: [
            (#"{"session": "a", "sequence": 2}"#, "#"),
            (#"{"session": "a", "sequence": 2, "report": {}, "changes": {}}"#, "#/report/program"),
            (#"{"session": "a", "sequence": 0, "changes": {}}"#, "#/sequence"),
            (#"{"session": "a", "sequence": 2, "changes": []}"#, "#/changes"),
            (#"{"session": "a", "sequence": 2, "changes": {"state": null}}"#, "#/changes/state"),
            (#"{"session": "a", "sequence": 2, "changes": {"state": "well"}}"#, "#/changes/state"),
            (#"{"session": "a", "sequence": 2, "changes": {"x": 1}}"#, "#/changes/x"),
            (
                #"{"session": "a", "sequence": 2, "changes": {"drains": {"a\u0007": {"until": "2026-11-28T12:00:00Z"}}}}"#,
                "#/changes/drains/a%07"
            ),
            (
                #"{"session": "a", "sequence": 2, "changes": {"drains": {"a": {"until": "soon"}}}}"#,
                "#/changes/drains/a/until"
            ),
            (#"{"session": "a", "sequence": 2, "changes": {"problems": ["a", "a"]}}"#, "#/changes/problems/1"),
        ])
    func refused(body: String, pointer: String) async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await poll(stage)
            #expect(try await send(stage, #"{"session": "a", "sequence": 1, "report": \#(Self.whole)}"#) == false)
            let problem = try await stage.send(.post, Self.path + "/report", body).problem
            #expect(problem?.status == 422)
            #expect(problem?.errors.map(\.pointer).contains(pointer) == true, "\(problem?.errors ?? [])")
            #expect(try await detail(stage).report == GatewayReport(program: "1.0", state: .synchronized))
        }
    }

    @Test("a report is taken from the gateway's own token, and from no other gateway's or reader's")
    func tokens() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tokens = stage.registry.tokens
            let admin = try await tokens.add(name: "ops", role: .admin)
            let reader = try await tokens.add(name: "look", role: .read)
            let own = try await tokens.add(
                name: "gw1", role: .gateway, gateway: "tcn/gw1")
            let other = try await tokens.add(
                name: "gw2", role: .gateway, gateway: "tcn/gw2")
            try await poll(stage, [.authorization: "Bearer \(own)"])
            let body = #"{"session": "a", "sequence": 1, "report": \#(Self.whole)}"#
            for (token, status) in [(reader, 403), (other, 403), (own, 200)] {
                let response = try await stage.client.execute(
                    uri: Self.path + "/report", method: .post,
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: .init(string: body))
                #expect(response.status.code == status)
            }
            let shown = try await stage.get(Self.path, headers: [.authorization: "Bearer \(admin)"])
            #expect(try GatewayDetail(json: Array(buffer: shown.body), .strict).report != nil)
        }
    }
}
