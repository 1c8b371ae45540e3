import Names
import AdminAPI
import Cloud
import Foundation
import Registry
import RegistryTestSupport
import TestSupport
import Text
import Testing

@testable import Admin

@Suite("A channel's courier") struct ChannelCourierTests {
    /// A courier to a port at which nobody listens, and its registry.
    private static func withCourier(
        _ body: (ChannelCourier, Registry, TestClock, RecordedLog) async throws -> Void
    ) async throws {
        let (clock, log) = (TestClock(), RecordedLog())
        let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        let settings = NoticeChannelSettings(
            name: "ops", .webhook(url: ExactText("http://127.0.0.1:1/"), secretFile: nil), place: "admin.yaml:2:5")
        let channel = try NoticeTarget(settings).channel(now: clock.now, logger: log.logger)
        let courier = ChannelCourier(settings, channel, registry: registry, logger: log.logger)
        // The channel is added.
        _ = try await courier.turn()
        do {
            try await body(courier, registry, clock, log)
        } catch {
            await channel.shutdown()
            throw error
        }
        await channel.shutdown()
    }

    private static func write(_ severities: Notice.Severity..., to registry: Registry) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.notices = severities.map { Notice($0, of: .server, "app1", title: "\($0)") }
        }
    }

    @Test("what cannot be delivered keeps its identifier, and expires by its severity")
    func expiry() async throws {
        try await Self.withCourier { courier, registry, clock, log in
            try await Self.write(.info, .critical, to: registry)
            clock.advance(by: 86_401)
            _ = try await courier.turn()
            let store = registry.store
            #expect(try await store.noticeOutcomes(of: nil).map { "\($0.number) \($0.state)" } == ["1 expired"])
            let begun = try #require(try await store.noticeChannels().first)
            #expect(begun.message?.numbers == [2] && begun.cursor == 1 && begun.expired == 1)
            for _ in 1...2 {
                guard case .pause = try await courier.turn() else {
                    Issue.record("a failure is followed by a pause")
                    return
                }
                #expect(await courier.problem?.lowercased() == "connection refused")
                #expect(try await store.noticeChannels() == [begun])
            }
            clock.advance(by: 6 * 86_400)
            _ = try await courier.turn()
            #expect(try await store.noticeOutcomes(of: 2).map(\.state) == [.expired])
            let ended = try #require(try await store.noticeChannels().first)
            #expect(ended.message == nil && ended.cursor == 2 && ended.expired == 2 && ended.delivered == 0)
            #expect(log.all.contains { $0.contains("a notice has expired before it was delivered") })
        }
    }

    @Test("over what is not for it, a channel goes on")
    func passing() async throws {
        try await Self.withCourier { courier, registry, _, _ in
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                cloud.notices = (1...150).map { Notice(.info, of: .test, "other", title: "\($0)") }
            }
            _ = try await courier.turn()
            #expect(try await registry.store.noticeChannels().map(\.cursor) == [150])
        }
    }
}
