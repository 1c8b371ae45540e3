import HummingbirdTesting
import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import Names
import Registry
import Testing

@testable import Admin

@Suite("Notices over HTTP") struct NoticeRouteTests {
    @Test("notices are listed by severity and subject, shown with their text, and held")
    func list() async throws {
        try await Stage.run { stage in
            #expect(try await stage.read([NoticeResource].self, "/v1/notices").isEmpty)
            _ = try await stage.registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.notices = [
                    Notice(.critical, of: .server, "app1", title: "server app1 is lost", text: "a\nb", location: "tcn"),
                    Notice(.info, of: .rollout, "7", title: "pgw has 1.6.0", type: "pgw"),
                ]
            }
            let all = try await stage.read([NoticeResource].self, "/v1/notices")
            #expect(all.map(\.number) == [1, 2] && all.allSatisfy { $0.text == nil && $0.deliveries.isEmpty })
            let some = try await stage.read([NoticeResource].self, "/v1/notices?severity=critical&subject=server")
            #expect(some.map(\.title) == ["server app1 is lost"])
            #expect(try await stage.get("/v1/notices?severity=bad").status == .badRequest)
            let answer = try await stage.get("/v1/notices/1")
            #expect(try answer.decoded(NoticeResource.self).text == "a\nb")
            let tag = try #require(answer.headers[.eTag])
            #expect(try await stage.get("/v1/notices/1", headers: [.ifNoneMatch: tag]).status == .notModified)
            #expect(try await stage.get("/v1/notices/3").status == .notFound)
        }
    }

    @Test("without a channel, nothing can be tried")
    func test() async throws {
        try await Stage.run { stage in
            let answer = try await stage.send(.post, "/v1/notices", "{}")
            #expect(answer.status == .conflict)
            #expect(try await stage.read([NoticeResource].self, "/v1/notices").isEmpty)
        }
    }
}
