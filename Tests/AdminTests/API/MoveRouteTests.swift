import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import Registry
import RegistryTestSupport
import Testing
import Text

@testable import Admin

@Suite("Moves of services, over HTTP") struct MoveRouteTests {
    private static let version = "sha256:\(String(repeating: "0a", count: 32))"

    private func withService(_ body: @Sendable @escaping (Stage) async throws -> Void) async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(
                .put, "/v1/services/tg.1", #"{"server": "app1", "version": "\#(Self.version)"}"#)
            try await body(stage)
        }
    }

    @Test("PATCH, PUT and apply of another server begin a move, which is shown, not begun twice, and given up")
    func begin() async throws {
        try await withService { stage in
            let path = "/v1/services/tg.1"
            #expect(try await stage.get("\(path)/move").status == .notFound)
            let tried = try await stage.send(.patch, "\(path)?dry_run=true", #"{"server": "app3"}"#)
            #expect(try tried.report.changes.map(\.kind) == [.move] && tried.report.export.isEmpty)
            for change: @Sendable () async throws -> TestResponse in [
                { try await stage.send(.patch, "\(path)?drain_time=30", #"{"server": "app3"}"#) },
                { try await stage.send(.put, path, #"{"server": "app3", "version": "\#(Self.version)"}"#) },
                { try await stage.send(.post, "/v1/apply", #"{"services": [{"name": "tg.1", "server": "app3"}]}"#) },
            ] {
                let begun = try await change()
                #expect(try begun.report.changes.map(\.after) == ["from app1 to app3, placing"])
                let service = try await stage.read(ServiceResource.self, path)
                #expect(service.server == "app1" && service.move?.to == "app3" && service.move?.waitsFor == nil)
                #expect(
                    try await stage.read([ServiceResource].self, "/v1/services?server=app1").contains { $0.move != nil }
                )
                #expect(try await change().report.changes.isEmpty)
                // What was read can be written.
                let read = try await stage.get(path).text
                #expect(try await stage.send(.put, path, read).report.changes.isEmpty)
                let move = try await stage.read(MoveResource.self, "\(path)/move")
                #expect(move.state == .moving && move.stage == "placing")
                #expect(move.waitsFor == "app3 to install and start it, but it is silent")
                for (method, place, body) in [
                    (HTTPRequest.Method.patch, path, #"{"server": "app2"}"#),
                    (.patch, path, #"{"desired": "stopped"}"#),
                    (.delete, path, ""), (.delete, "/v1/servers/app3", ""),
                ] {
                    #expect(try await stage.send(method, place, body).status == .conflict, "\(method) \(place) \(body)")
                }
                #expect(try await stage.send(.delete, "\(path)/move").status == .ok)
                #expect(try await stage.send(.delete, "\(path)/move").status == .notFound)
                #expect(try await stage.read(MoveResource.self, "\(path)/move").state == .aborted)
                #expect(try await stage.read(ServiceResource.self, path).move == nil)
            }
        }
    }

    @Test("at_once moves with the change, and a version with the move is refused")
    func atOnce() async throws {
        try await withService { stage in
            let path = "/v1/services/tg.1"
            let other = String(repeating: "1", count: 64)
            let both = try await stage.send(.patch, path, #"{"server": "app3", "version": "sha256:\#(other)"}"#)
            #expect(both.status == .conflict && both.problem?.errors.map(\.pointer) == ["#/server"])
            #expect(try await stage.send(.patch, "\(path)?at_once=maybe", #"{"server": "app3"}"#).status == .badRequest)
            #expect(try await stage.send(.patch, "\(path)?drain_time=-1", #"{"server": "app3"}"#).status == .badRequest)
            let moved = try await stage.send(.patch, "\(path)?at_once=true", #"{"server": "app3"}"#)
            #expect(try moved.report.changes.map(\.kind) == [.service] && moved.report.export.count == 1)
            #expect(try await stage.read(ServiceResource.self, path).server == "app3")
        }
    }

    @Test("a switch names what is wrong with it, and makes two jobs")
    func switchOver() async throws {
        try await withService { stage in
            let type =
                Stage.tg + "actions:\n  - {name: demote, command: [bin/d]}\n  - {name: promote, command: [bin/p]}\n"
            try await stage.send(.put, "/v1/types/tg", type, type: "application/yaml")
            let path = "/v1/services/tg.1/switch"
            for (body, pointer) in [
                (#"{"to": "tg.9"}"#, "#/to"), (#"{"to": "tg.1"}"#, "#/to"), (#"{"to": "pgw.1"}"#, "#/to"),
                (#"{"to": "tg.2"}"#, "#/to"),
            ] {
                let answer = try await stage.send(.post, path, body)
                #expect(
                    answer.status == .unprocessableContent && answer.problem?.errors.map(\.pointer) == [pointer],
                    "\(body)")
            }
            try await stage.send(.patch, "/v1/services/tg.2", #"{"version": "\#(Self.version)"}"#)
            let silent = try await stage.send(.post, path, #"{"to": "tg.2"}"#)
            #expect(silent.problem?.errors.first?.detail.contains("silent") == true)
            for (server, service) in [("app1", "tg.1"), ("app2", "tg.2")] {
                let report = ServerReport(
                    program: "1", applied: nil, bootedAt: "2027-01-15T08:00:00Z",
                    services: [ExactText(service): ServerService(state: .running, since: "2027-01-15T08:00:00Z")])
                let message = ServerReportMessage(session: "s", sequence: 1, report: report)
                let text = String(decoding: message.jsonBytes, as: UTF8.self)
                #expect(try await stage.send(.post, "/v1/servers/\(server)/report", text).status == .ok)
            }
            let wrong = try await stage.send(.post, path, #"{"to": "tg.2", "promote": "nothing"}"#)
            #expect(wrong.problem?.errors.map(\.pointer) == ["#/promote"])
            let tried = try await stage.send(.post, "\(path)?dry_run=true", #"{"to": "tg.2"}"#)
            #expect(try tried.decoded(CreatedJobs.self).jobs.isEmpty)
            let made = try await stage.send(.post, path, #"{"to": "tg.2"}"#)
            let jobs = try made.decoded(CreatedJobs.self).jobs
            #expect(made.status == .created && jobs.map(\.name) == ["demote", "promote"])
            #expect(jobs.map(\.after) == [nil, jobs.first?.id] && jobs.map(\.server) == ["app1", "app2"])
        }
    }
}
