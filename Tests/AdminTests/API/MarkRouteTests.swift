import AdminAPI
import Cloud
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Firewall marks in the API") struct MarkRouteTests {
    private func marks(_ stage: Stage) async throws -> [String] {
        try await stage.read([MarkResource].self, "/v1/marks").map {
            "\($0.mark) \($0.type)/\($0.section)\($0.transport.map { " \($0)" } ?? "") \($0.inUse ? "in use" : "gone")"
        }
    }

    @Test("a section that is gone keeps its mark until it is released; then another section gets it")
    func release() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let old = Stage.tg.replacing("type: tg", with: "type: old").replacing("20000-29999", with: "5000-5001")
                .replacing("[tcp, udp]", with: "tcp")
            try await stage.send(.put, "/v1/types/old", old, type: "application/yaml")
            try await stage.send(.delete, "/v1/types/old")
            #expect(
                try await marks(stage) == [
                    "256 tg/devices in use", "257 tg/devices udp in use", "258 old/devices gone",
                ])
            let since = try await stage.read([MarkResource].self, "/v1/marks").map(\.since)
            #expect(since == Array(repeating: Timestamp.text(stage.clock.now()), count: 3))

            let used = try await stage.send(.delete, "/v1/marks/256")
            #expect(used.problem?.detail == "Firewall mark 256 still has section tg/devices.")
            #expect(used.status == .conflict)
            for none in ["259", "0258", "x"] {
                #expect(try await stage.send(.delete, "/v1/marks/\(none)").status == .notFound)
            }
            let generation = try await stage.registry.state().generation
            let expected = ChangeReport(
                changes: [.init(action: .delete, kind: .mark, name: "258", before: "old/devices")], export: [])
            #expect(try await stage.send(.delete, "/v1/marks/258?dry_run=true").report == expected)
            #expect(try await stage.registry.state().generation == generation)
            #expect(try await stage.send(.delete, "/v1/marks/258").report.content == expected)
            #expect(try await marks(stage) == ["256 tg/devices in use", "257 tg/devices udp in use"])
            let event = try await stage.read(EventPage.self, "/v1/events?limit=1000").events.last
            #expect(event?.kind == .mark && event?.name == "258" && event?.before == "old/devices")

            let new = old.replacing("type: old", with: "type: new")
            try await stage.send(.put, "/v1/types/new", new, type: "application/yaml")
            #expect(
                try await marks(stage) == [
                    "256 tg/devices in use", "257 tg/devices udp in use", "258 new/devices in use",
                ])
            let stored = try await stage.registry.store.load().cloud.marks
            #expect(stored == (try await stage.registry.state().cloud.marks))
        }
    }
}
