import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Admin

@Suite("Several objects in one change") struct SeveralObjectsTests {
    @Test("what is removed together is removed in one write, and what others need goes after them")
    func removal() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let body = #"{"remove": {"services": ["pgw.1", "pgw.2"], "types": ["pgw"], "marks": []}}"#
            let plan = try await stage.send(.post, "/v1/apply?dry_run=true", body)
            #expect(try await stage.get("/v1/services/pgw.1").status == .ok)
            let done = try await stage.send(.post, "/v1/apply", body)
            #expect(try done.report.changes == plan.report.changes && done.report.export == plan.report.export)
            #expect(
                try done.report.changes.filter { $0.action == .delete }.map(\.name).sorted() == [
                    "pgw", "pgw.1", "pgw.2",
                ])
            #expect(try await stage.get("/v1/types/pgw").status == .notFound)
        }
    }

    @Test("where one may not be removed, none is")
    func refusedRemoval() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let before = try await stage.get("/v1/cloud").text
            let refusals: [(String, Int, String)] = [
                (#"{"services": ["pgw.1", "pgw.99"]}"#, 404, "There is no service pgw.99."),
                (#"{"services": ["pgw.1"], "types": ["pgw"]}"#, 409, "Type pgw still has service pgw.2."),
                (#"{"services": ["pgw.1"], "locations": ["tcn"]}"#, 409, "Location tcn still has"),
                (
                    #"{"services": ["pgw.1"], "pools": [{"location": "tcn", "name": "nope"}]}"#, 404,
                    "There is no pool nope"
                ),
                (#"{"services": ["pgw.1", "pgw.1"]}"#, 422, ""), (#"{"servers": "app1"}"#, 422, ""),
                (#"{"services": ["pgw.1"], "marks": [256]}"#, 409, "Firewall mark 256 still has section"),
            ]
            for (removal, status, detail) in refusals {
                let answer = try await stage.send(.post, "/v1/apply", #"{"remove": \#(removal)}"#)
                #expect(answer.problem?.status == status, "\(removal): \(answer.text)")
                #expect(answer.problem?.detail.hasPrefix(detail) == true, "\(removal): \(answer.text)")
                #expect(try await stage.get("/v1/cloud").text == before)
            }
        }
    }

    @Test("a contradiction that a removal makes is at the removed object")
    func contradiction() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let pool = try await stage.read([PoolResource].self, "/v1/locations/tcn/pools")[0].name
            let answer = try await stage.send(
                .post, "/v1/apply", #"{"remove": {"pools": [{"location": "tcn", "name": "\#(pool)"}]}}"#)
            #expect(answer.problem?.status == 409)
            #expect(answer.problem?.errors.map(\.pointer).contains("#/remove/pools/0") == true, "\(answer.text)")
        }
    }

    @Test("a version is given to all services that are named, or to none; each fault is at its service")
    func versions() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let digest = String(repeating: "0a", count: 32)
            let given = try await stage.send(
                .patch, "/v1/services", #"{"services": ["pgw.1", "pgw.2"], "version": "sha256:\#(digest)"}"#)
            #expect(try given.report.changes.map(\.name) == ["pgw.1", "pgw.2"])
            let before = try await stage.get("/v1/cloud").text
            let refusals: [(String, [String])] = [
                (#"{"services": ["pgw.1", "no.1", "no.2"], "desired": "stopped"}"#, ["#/services/1", "#/services/2"]),
                (#"{"services": ["pgw.1", "pgw.2"], "version": "1.5"}"#, ["#/services/0", "#/services/1"]),
                (#"{"services": ["pgw.1"]}"#, ["#"]),
                (#"{"services": ["pgw.1"], "version": null, "desired": "running"}"#, ["#"]),
            ]
            for (body, pointers) in refusals {
                let answer = try await stage.send(.patch, "/v1/services", body)
                #expect(answer.problem?.status == 422, "\(body): \(answer.text)")
                #expect(answer.problem?.errors.map(\.pointer) == pointers, "\(body): \(answer.text)")
                #expect(try await stage.get("/v1/cloud").text == before)
            }
            let tag = given.headers[.eTag]
            let stopped = try await stage.send(
                .patch, "/v1/services", #"{"services": ["pgw.2", "pgw.1"], "desired": "stopped"}"#,
                headers: [.ifMatch: tag ?? ""])
            #expect(try stopped.report.changes.count == 2)
            let late = try await stage.send(
                .patch, "/v1/services", #"{"services": ["pgw.1"], "version": null}"#, headers: [.ifMatch: tag ?? ""])
            #expect(late.status == .preconditionFailed)
        }
    }
}
