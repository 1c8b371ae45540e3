import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Event log") struct EventRouteTests {
    private func page(_ stage: Stage, _ query: String) async throws -> EventPage {
        try await stage.read(EventPage.self, "/v1/events?\(query)")
    }

    @Test("it is read from its beginning or from its end, page by page")
    func pages() async throws {
        try await Stage.run { stage in
            for index in 1...5 { try await stage.send(.put, "/v1/locations/l\(index)", "{}") }
            let first = try await stage.get("/v1/events?limit=2")
            #expect(try first.decoded(EventPage.self).events.map(\.name) == ["l1", "l2"])
            #expect(first.headers[.link] == #"</v1/events?after=2&limit=2>; rel="next""#)
            let second = try await stage.get("/v1/events?limit=3&after=2")
            #expect(try second.decoded(EventPage.self).events.map(\.name) == ["l3", "l4", "l5"])
            #expect(second.headers[.link] == nil)
            let newest = try await stage.get("/v1/events?limit=2&before=2147483647")
            #expect(try newest.decoded(EventPage.self).events.map(\.name) == ["l4", "l5"])
            #expect(newest.headers[.link] == #"</v1/events?before=4&limit=2>; rel="next""#)
            let earlier = try await page(stage, "limit=2&before=4")
            #expect(earlier.events.map(\.name) == ["l2", "l3"])
            #expect(try await page(stage, "after=2&before=4").events.map(\.name) == ["l3"])
            for query in [
                "before=-1", "before=x", "after=01", "limit=0", "kind=rack", "since=yesterday",
                "until=2027-02-30T00:00:00Z",
            ] {
                #expect(try await stage.get("/v1/events?\(query)").problem?.status == 400, "\(query)")
            }
        }
    }

    @Test("it is filtered by kind, name, actor and time, and the next page has the same filters")
    func filters() async throws {
        try await Stage.run { stage in
            let start = Timestamp.text(stage.clock.now())
            for index in 1...3 { try await stage.send(.put, "/v1/locations/l\(index)", "{}") }
            stage.clock.advance(by: 60)
            let later = Timestamp.text(stage.clock.now())
            try await stage.send(.put, "/v1/locations/l1/pools/www-ip", #"{"addresses": ["198.51.100.36"]}"#)
            _ = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let headers: HTTPFields = [
                .authorization: "Bearer \(try await stage.registry.tokens.add(name: "ci", role: .admin))"
            ]
            try await stage.send(.delete, "/v1/locations/l2", headers: headers)
            func names(_ query: String) async throws -> [String] {
                try await stage.get("/v1/events?\(query)", headers: headers).decoded(EventPage.self).events.map(\.name)
            }
            #expect(try await names("kind=location") == ["l1", "l2", "l3", "l2"])
            #expect(try await names("kind=location&name=l2") == ["l2", "l2"])
            #expect(try await names("name=l1%2Fwww-ip") == ["l1/www-ip"])
            #expect(try await names("actor=ci") == ["l2"])
            #expect(try await names("since=\(start)&until=\(later)") == ["l1", "l2", "l3"])
            #expect(try await names("since=\(later)&kind=location") == ["l2"])
            #expect(try await names("kind=location&before=4&limit=2") == ["l2", "l3"])
            let page = try await stage.get("/v1/events?kind=location&limit=1&actor=anonymous", headers: headers)
            #expect(
                page.headers[.link] == #"</v1/events?after=1&limit=1&kind=location&actor=anonymous>; rel="next""#)
        }
    }

    @Test("tokens that are made and removed are in it, without their secret")
    func tokens() async throws {
        try await Stage.run { stage in
            let secret = try await stage.registry.tokens.add(name: "ops", role: .admin)
            await #expect(throws: ChangeError.self) {
                try await stage.registry.tokens.add(name: "ops", role: .read)
            }
            await #expect(throws: ChangeError.missing("token other")) {
                try await stage.registry.tokens.remove(name: "other")
            }
            try await stage.registry.tokens.remove(name: "ops")
            let response = try await stage.get("/v1/events")
            #expect(!response.text.contains(secret))
            let events = try response.decoded(EventPage.self).events
            #expect(events.map(\.action) == [.create, .delete])
            #expect(events.allSatisfy { $0.kind == .token && $0.name == "ops" && $0.actor == "portcullis-admin" })
            #expect(events.first?.after == "role admin" && events.last?.before == "role admin")
        }
    }
}
