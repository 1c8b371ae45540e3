import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Testing

@testable import Admin

@Suite("Setting states") struct StateRouteTests {
    private static func states(_ stage: Stage) async throws -> [String: String] {
        let services = try await stage.read([ServiceResource].self, "/v1/services")
        return Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0.effective?.description ?? "") })
    }

    @Test("servers and services are brought into a state in one write, which a dry run shows")
    func several() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let body = #"{"state": "drain", "servers": ["app2"], "services": ["pgw.1"]}"#
            let plan = try await stage.send(.post, "/v1/states?dry_run=true", body)
            let done = try await stage.send(.post, "/v1/states", body)
            #expect(try done.report.changes == plan.report.changes && done.headers[.eTag] != plan.headers[.eTag])
            #expect(try done.report.changes.map(\.name) == ["app2", "pgw.1"])
            #expect(
                try await Self.states(stage) == [
                    "pgw.1": "drain", "pgw.2": "drain (server)", "tg.1": "ready", "tg.2": "drain (server)",
                ])
            let service = try await stage.read(ServiceResource.self, "/v1/services/tg.2")
            #expect(service.state == .ready && service.effective == EffectiveState(.drain, of: .server))
            #expect(try await stage.read(ServerResource.self, "/v1/servers/app2").state == .drain)
            let weights = try await stage.export().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            #expect(Set(weights.filter { $0[0] == "tg.2" }.map { $0.last ?? "" }) == ["0"])
            #expect(Set(weights.filter { $0[0] == "tg.1" }.map { $0.last ?? "" }) == ["100"])
            let same = try await stage.send(.post, "/v1/states", body)
            #expect(try same.report.changes.isEmpty && same.headers[.eTag] == done.headers[.eTag])
            let late = try await stage.send(
                .post, "/v1/states", #"{"state": "ready", "servers": ["app2"]}"#,
                headers: [.ifMatch: plan.headers[.eTag] ?? ""])
            #expect(late.status == .preconditionFailed)
        }
    }

    @Test("all services of a server, a type and a location are selected")
    func selection() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            func changed(_ select: String) async throws -> [String] {
                try await stage.send(.post, "/v1/states?dry_run=true", #"{"state": "maint", "select": \#(select)}"#)
                    .report.changes.map(\.name)
            }
            #expect(try await changed(#"{"server": "app2"}"#) == ["pgw.2", "tg.2"])
            #expect(try await changed(#"{"type": "tg"}"#) == ["tg.1", "tg.2"])
            #expect(try await changed(#"{"type": "tg", "server": "app2", "location": "tcn"}"#) == ["tg.2"])
        }
    }

    @Test("what is refused says where, and changes nothing")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let refusals = [
                (
                    #"{"state": "drain", "servers": ["app1", "app9"], "services": ["x.1"]}"#,
                    ["#/servers/1", "#/services/0"]
                ),
                (#"{"state": "drain"}"#, ["#"]), (#"{"state": "drain", "select": {}}"#, ["#/select"]),
                (#"{"state": "drain", "select": {"server": "app3"}}"#, ["#/select"]),
                (#"{"state": "drain", "select": {"type": "nope"}}"#, ["#/select/type"]),
                (#"{"state": "drain", "select": {"location": "hel"}}"#, ["#/select/location"]),
                (#"{"state": "ready", "for": 60, "servers": ["app1"]}"#, ["#"]),
                (#"{"state": "drain", "for": 0, "servers": ["app1"]}"#, ["#/for"]),
                (#"{"state": "off", "servers": ["app1"]}"#, ["#/state"]),
                (#"{"servers": ["app1"]}"#, ["#/state"]),
            ]
            let before = try await stage.get("/v1/cloud").text
            for (body, pointers) in refusals {
                let answer = try await stage.send(.post, "/v1/states", body)
                #expect(answer.problem?.status == 422, "\(body): \(answer.text)")
                #expect(answer.problem?.errors.map(\.pointer) == pointers, "\(body): \(answer.text)")
            }
            #expect(try await stage.get("/v1/cloud").text == before)
        }
    }

    @Test("a contradiction is told by the name that brings it")
    func contradiction() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/services/pgw.3", #"{"server": "app2", "state": "maint"}"#)
            for (body, pointer) in [
                (#"{"state": "ready", "services": ["tg.1", "pgw.3"]}"#, "#/services/1"),
                (#"{"state": "ready", "select": {"type": "pgw"}}"#, "#/select"),
            ] {
                let answer = try await stage.send(.post, "/v1/states", body)
                #expect(answer.status == .conflict)
                #expect(answer.problem?.errors.map(\.pointer) == [pointer], "\(answer.text)")
            }
        }
    }

    @Test("the end of a state is shown, sent back, kept by an apply, and cancelled by a later state")
    func end() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let body = #"{"state": "drain", "for": 7200, "servers": ["app2"], "services": ["tg.1"]}"#
            #expect(try await stage.send(.post, "/v1/states", body).status == .ok)
            let until = "2027-01-15T10:00:00.000Z"
            #expect(try await stage.read(ServerResource.self, "/v1/servers/app2").until == until)
            #expect(try await stage.read(ServiceResource.self, "/v1/services/tg.1").until == until)
            for path in ["/v1/servers/app2", "/v1/services/tg.1"] {
                let text = try await stage.get(path).text
                let again = try await stage.send(.put, path, text)
                #expect(try again.report.changes.isEmpty, "\(again.text)")
            }
            let cloud = try await stage.get("/v1/cloud").text
            #expect(try await stage.send(.post, "/v1/apply", cloud).report.changes.isEmpty)
            try await stage.seed()
            #expect(try await stage.get("/v1/cloud").text == cloud)
            try await stage.send(.patch, "/v1/servers/app2", #"{"labels": []}"#)
            #expect(try await stage.read(ServerResource.self, "/v1/servers/app2").until == until)
            try await stage.send(.patch, "/v1/servers/app2", #"{"state": "drain"}"#)
            #expect(try await stage.read(ServerResource.self, "/v1/servers/app2").until == nil)
            let other = #"{"state": "maint", "until": "2027-01-15T12:00:00+02:00"}"#
            try await stage.send(.patch, "/v1/services/tg.1", other)
            #expect(try await stage.read(ServiceResource.self, "/v1/services/tg.1").until == until)
            for fault in [#"{"until": "\#(until)"}"#, #"{"state": "ready", "until": "\#(until)"}"#] {
                let answer = try await stage.send(.patch, "/v1/services/tg.1", fault)
                #expect(answer.status == .unprocessableContent, "\(answer.text)")
            }
        }
    }
}
