import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Admin

@Suite("The whole registry as one resource") struct CloudRouteTests {
    @Test("what is read is applied again without a change, and makes an empty registry the same")
    func roundTrip() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain", "weight": 7}"#)
            try await stage.send(.put, "/v1/secrets/pin", #"{"value": "plugh"}"#)
            let cloud = try await stage.get("/v1/cloud")
            #expect(!cloud.text.contains("plugh"))
            let again = try await stage.send(.post, "/v1/apply", cloud.text)
            #expect(try again.report.changes.isEmpty)
            try await Stage.run { other in
                #expect(try await other.send(.post, "/v1/apply", cloud.text).status == .ok)
                #expect(try await other.get("/v1/cloud").text == cloud.text)
                let export = try await stage.export()
                #expect(try await other.export() == export)
            }
        }
    }

    @Test("its ETag differs after every change, and only then; with If-None-Match it is a 304")
    func tag() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let first = try await stage.get("/v1/cloud")
            let tag = try #require(first.headers[.eTag])
            let same = try await stage.get("/v1/cloud", headers: [.ifNoneMatch: tag])
            #expect(same.status == .notModified && same.text.isEmpty)
            try await stage.send(.patch, "/v1/services/tg.1?dry_run=true", #"{"state": "drain"}"#)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "ready"}"#)
            #expect(try await stage.get("/v1/cloud").headers[.eTag] == tag)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "ready"}"#)
            let back = try await stage.get("/v1/cloud")
            #expect(back.text == first.text && back.headers[.eTag] != tag)
        }
    }

    @Test("an apply is made only if nothing has changed since its dry run")
    func ifMatch() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let body = #"{"services": [{"name": "pgw.3", "server": "app3"}]}"#
            let plan = try await stage.send(.post, "/v1/apply?dry_run=true", body)
            let tag = try #require(plan.headers[.eTag])
            #expect(try await stage.get("/v1/cloud").headers[.eTag] == tag)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            for query in ["", "?dry_run=true"] {
                let late = try await stage.send(.post, "/v1/apply\(query)", body, headers: [.ifMatch: tag])
                #expect(late.problem?.status == 412)
                #expect(late.problem?.detail == "The resource was changed by somebody else since you read it.")
            }
            #expect(try await stage.get("/v1/services/pgw.3").status == .notFound)
            let again = try await stage.send(.post, "/v1/apply?dry_run=true", body)
            #expect(try again.report == plan.report)
            let newTag = try #require(again.headers[.eTag])
            let done = try await stage.send(.post, "/v1/apply", body, headers: [.ifMatch: newTag])
            #expect(try done.report.content == plan.report)
            #expect(try await stage.get("/v1/cloud").headers[.eTag] == done.headers[.eTag])
            // Once it is made, the same plan is no longer on the newest registry.
            #expect(try await stage.send(.post, "/v1/apply", body, headers: [.ifMatch: newTag]).status.code == 412)
            let nothing = try await stage.send(.post, "/v1/apply", body)
            #expect(nothing.headers[.eTag] == done.headers[.eTag])
        }
    }
}
