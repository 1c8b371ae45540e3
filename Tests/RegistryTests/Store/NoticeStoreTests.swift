import AdminAPI
import Cloud
import Foundation
import Names
import RegistryTestSupport
import TestSupport
import Testing

@testable import Registry

/// The outbox, on each engine.
@Suite("Outbox of notices") struct NoticeStoreTests {
    enum Engine: CaseIterable { case sqlite, memory }

    private func withRegistry(_ engine: Engine, _ body: (Registry) async throws -> Void) async throws {
        switch engine {
        case .memory: try await body(Registry(store: InMemoryStore()))
        case .sqlite:
            try await withTemporaryFolder { folder in
                try await body(try Registry(path: folder.appending(path: "registry.sqlite").path))
            }
        }
    }

    private static func notice(_ title: String) -> Notice {
        Notice(.warning, of: .service, "pgw.1", title: title, text: "a\nb", location: "tcn", type: "pgw")
    }

    private static func write(_ notices: [Notice], to registry: Registry) async throws -> Registry.Outcome {
        try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.notices += notices }
    }

    @Test("a change that has only notices commits, and leaves none in the cloud", arguments: Engine.allCases)
    func commit(engine: Engine) async throws {
        try await withRegistry(engine) { registry in
            let before = try await registry.state()
            let seen = await registry.outbox.tag(of: "notices")
            let outcome = try await Self.write([Self.notice("one"), Self.notice("two")], to: registry)
            let after = try await registry.state()
            #expect(after.generation == before.generation + 1 && after.cloud.notices.isEmpty)
            #expect(await registry.outbox.tag(of: "notices") != seen)
            let stored = try await registry.store.notices(after: 0, limit: 10)
            #expect(stored.map(\.number) == [1, 2] && stored.allSatisfy { $0.generation == after.generation })
            #expect(stored.map(\.notice) == [Self.notice("one"), Self.notice("two")])
            #expect(try await registry.store.notices().map(\.notice.text) == ["", ""])
            #expect(try await registry.store.notice(2) == stored[1])
            #expect(try await registry.store.notice(3) == nil)
            #expect(outcome.notices.count == 2)
            // A dry run writes none, and the next change does not write them again.
            _ = try await registry.write(by: "ops", dryRun: true) { cloud, _ in
                cloud.notices.append(Self.notice("three"))
            }
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.locations["tcn"] = Location(name: "tcn")
            }
            #expect(try await registry.store.notices().count == 2)
        }
    }

    @Test("what is too long is cut off", arguments: Engine.allCases)
    func length(engine: Engine) async throws {
        try await withRegistry(engine) { registry in
            var long = Self.notice(String(repeating: "é", count: 300))
            long.text = String(repeating: "x", count: 20_000) + "end"
            _ = try await Self.write([long], to: registry)
            let stored = try #require(try await registry.store.notice(1)).notice
            #expect(stored.title.unicodeScalars.count == 200 && stored.title.hasSuffix("é…"))
            #expect(stored.text.utf8.count <= Notice.longestText && stored.text.hasSuffix("end"))
        }
    }

    @Test("a channel gets what comes after it; its message and its outcomes stay", arguments: Engine.allCases)
    func channels(engine: Engine) async throws {
        try await withRegistry(engine) { registry in
            let store = registry.store
            _ = try await Self.write([Self.notice("before")], to: registry)
            var state = try await store.addNoticeChannel("ops")
            #expect(state == NoticeChannelState(name: "ops", cursor: 1))
            _ = try await Self.write([Self.notice("two"), Self.notice("three")], to: registry)
            state.message = .init(id: "id", numbers: [2, 3], isDigest: true, refusals: 4)
            try await store.record(state, [])
            #expect(try await store.addNoticeChannel("ops") == state)
            #expect(try await store.noticeChannels() == [state])
            state.message = nil
            (state.cursor, state.delivered, state.failed) = (3, 1, 1)
            let outcomes = [
                NoticeOutcome(channel: "ops", number: 2, state: .delivered, time: "2026-01-01T00:00:00.000Z"),
                NoticeOutcome(
                    channel: "ops", number: 3, state: .failed, time: "2026-01-01T00:00:00.000Z", problem: "no"),
            ]
            // One that is not kept any more has no outcome.
            let gone = NoticeOutcome(channel: "ops", number: 9, state: .delivered, time: "2026-01-01T00:00:00.000Z")
            try await store.record(state, outcomes + [gone])
            #expect(try await store.noticeOutcomes(of: nil) == outcomes)
            #expect(try await store.noticeOutcomes(of: 3) == [outcomes[1]])
            try await store.forgetNoticeChannel("ops")
            #expect(try await store.noticeChannels().isEmpty)
        }
    }

    @Test("old notices go, but not before each channel is through with them", arguments: Engine.allCases)
    func pruning(engine: Engine) async throws {
        try await withRegistry(engine) { registry in
            let store = registry.store
            var state = try await store.addNoticeChannel("ops")
            _ = try await Self.write((1...5).map { Self.notice("\($0)") }, to: registry)
            #expect(try await store.pruneNotices(keeping: 2) == 0)
            state.cursor = 2
            try await store.record(
                state, [NoticeOutcome(channel: "ops", number: 1, state: .delivered, time: "2026-01-01T00:00:00.000Z")])
            #expect(try await store.pruneNotices(keeping: 2) == 2)
            #expect(try await store.notices().map(\.number) == [3, 4, 5])
            #expect(try await store.noticeOutcomes(of: nil).isEmpty)
            try await store.forgetNoticeChannel("ops")
            #expect(try await store.pruneNotices(keeping: 0) == 3)
            // Numbers are not used again.
            _ = try await Self.write([Self.notice("six")], to: registry)
            #expect(try await store.notices().map(\.number) == [6])
        }
    }
}
