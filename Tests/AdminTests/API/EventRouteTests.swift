import AdminAPI
import Cloud
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
            let first = try await page(stage, "limit=2")
            #expect(first.events.map(\.name) == ["l1", "l2"] && first.next == 2)
            let second = try await page(stage, "limit=3&after=2")
            #expect(second.events.map(\.name) == ["l3", "l4", "l5"] && second.next == nil)
            let newest = try await page(stage, "limit=2&before=2147483647")
            #expect(newest.events.map(\.name) == ["l4", "l5"] && newest.next == nil)
            let earlier = try await page(stage, "limit=2&before=4")
            #expect(earlier.events.map(\.name) == ["l2", "l3"])
            #expect(try await page(stage, "after=2&before=4").events.map(\.name) == ["l3"])
            for query in ["before=-1", "before=x", "after=01", "limit=0"] {
                #expect(try await stage.get("/v1/events?\(query)").problem?.status == 400, "\(query)")
            }
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
