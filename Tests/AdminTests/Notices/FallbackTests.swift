import AdminAPI
import Cloud
import Foundation
import Names
import Registry
import RegistryTestSupport
import Synchronization
import TestSupport
import Testing
import Text

@testable import Admin

@Suite("A channel that stands in for another") struct FallbackTests {
    /// A channel that answers by a script, and keeps what it was told.
    private final class Script: NoticeChannel {
        let results = Mutex<[DeliveryResult]>([])
        let told = Mutex<[[Int]]>([])

        func deliver(_ message: NoticeMessage) async -> DeliveryResult {
            told.withLock { $0.append(message.notices.flatMap(\.numbers)) }
            return results.withLock { $0.isEmpty ? .delivered : $0.removeFirst() }
        }

        func shutdown() async {}
    }

    private static func courier(
        _ name: String, _ channel: Script, fallback: String? = nil, _ registry: Registry, _ log: RecordedLog
    ) async throws -> ChannelCourier {
        var settings = NoticeChannelSettings(
            name: name, .webhook(url: ExactText("http://127.0.0.1:1/"), secretFile: nil), place: "admin.yaml:2:5")
        settings.fallback = fallback.map { ExactText($0) }
        // What it carries for others is not filtered.
        if fallback == nil { settings.types = ["none"] }
        let courier = ChannelCourier(settings, channel, registry: registry, logger: log.logger)
        _ = try await courier.turn()
        return courier
    }

    private static func write(_ title: String, to registry: Registry) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.notices = [Notice(.critical, of: .server, "app1", title: title)]
        }
    }

    /// The pause of a step, in whole seconds.
    private static func pause(_ step: ChannelCourier.Step) -> Int? {
        guard case .pause(let time) = step else { return nil }
        return Int(time.components.seconds)
    }

    @Test("what fails for two minutes is delivered by the other, and the first is tried at its own times")
    func standIn() async throws {
        let (clock, log, first, second) = (TestClock(), RecordedLog(), Script(), Script())
        let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        let pager = try await Self.courier("pager", second, registry, log)
        let ops = try await Self.courier("ops", first, fallback: "pager", registry, log)
        await ops.setFallback(pager)
        first.results.withLock { $0 = Array(repeating: .unavailable("no connection"), count: 20) }
        try await Self.write("one", to: registry)
        _ = try await ops.turn()
        var elapsed = 0
        while second.told.withLock({ $0.isEmpty }) {
            let step = try await ops.turn()
            guard let pause = Self.pause(step) else { break }
            // Never longer than what is left of the two minutes.
            #expect(elapsed + pause <= 120)
            elapsed += max(1, pause)
            clock.advance(by: Double(max(1, pause)))
            if elapsed > 200 { break }
        }
        #expect((120...122).contains(elapsed))
        #expect(second.told.withLock { $0 } == [[1]])
        let outcome = try #require(try await registry.store.noticeOutcomes(of: 1).first)
        #expect(outcome.channel == "ops" && outcome.state == .delivered)
        #expect(outcome.problem == "by the channel pager: no connection")
        // The next goes to the other at once, while the first rests; then the first is tried again, and works.
        let tries = first.told.withLock { $0.count }
        try await Self.write("two", to: registry)
        _ = try await ops.turn()
        _ = try await ops.turn()
        #expect(second.told.withLock { $0 } == [[1], [2]] && first.told.withLock { $0.count } == tries)
        clock.advance(by: 400)
        first.results.withLock { $0 = [] }
        try await Self.write("three", to: registry)
        _ = try await ops.turn()
        _ = try await ops.turn()
        #expect(first.told.withLock { $0.last } == [3] && second.told.withLock { $0.count } == 2)
    }

    @Test("what neither can deliver waits; what the first refuses for good the other gets")
    func neither() async throws {
        let (clock, log, first, second) = (TestClock(), RecordedLog(), Script(), Script())
        let registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        let pager = try await Self.courier("pager", second, registry, log)
        let ops = try await Self.courier("ops", first, fallback: "pager", registry, log)
        await ops.setFallback(pager)
        first.results.withLock { $0 = [.later(3_600, "busy")] }
        second.results.withLock { $0 = [.unavailable("down")] }
        try await Self.write("one", to: registry)
        _ = try await ops.turn()
        // Its patience is longer than the two minutes.
        #expect(Self.pause(try await ops.turn()) == 120)
        clock.advance(by: 120)
        #expect(Self.pause(try await ops.turn()) == 5)
        #expect(first.told.withLock { $0.count } == 1 && second.told.withLock { $0.count } == 1)
        #expect(try await registry.store.noticeOutcomes(of: nil).isEmpty)
        _ = try await ops.turn()
        #expect(try await registry.store.noticeOutcomes(of: 1).map(\.state) == [.delivered])
        clock.advance(by: 4_000)
        first.results.withLock { $0 = Array(repeating: .refused("404"), count: 5) }
        try await Self.write("two", to: registry)
        for _ in 1...6 { _ = try await ops.turn() }
        #expect(second.told.withLock { $0.last } == [2])
        #expect(try await registry.store.noticeOutcomes(of: 2).map(\.state) == [.delivered])
    }
}

@Suite("The dead man's switch") struct DeadManClockTests {
    @Test("is pinged each minute once all loops have come around, also the first time")
    func turns() {
        var clock = DeadManClock()
        #expect(clock.step(["a": 1, "b": 0], now: .seconds(10)) == .wait)
        #expect(clock.step(["a": 5, "b": 1], now: .seconds(11)) == .ping)
        #expect(clock.step(["a": 6, "b": 2], now: .seconds(70)) == .wait)
        #expect(clock.step(["a": 6, "b": 2], now: .seconds(71)) == .ping)
        clock.retry(after: .seconds(10), now: .seconds(71))
        #expect(clock.step(["a": 7, "b": 3], now: .seconds(80)) == .wait)
        #expect(clock.step(["a": 7, "b": 3], now: .seconds(81)) == .ping)
    }

    @Test("is not pinged while a loop is stuck, which is named, or before any loop runs")
    func stuck() {
        var clock = DeadManClock()
        #expect(clock.step([:], now: .seconds(1)) == .wait)
        #expect(clock.step(["a": 1, "b": 1], now: .seconds(2)) == .ping)
        #expect(clock.step(["a": 9, "b": 1], now: .seconds(100)) == .wait)
        #expect(clock.step(["a": 99, "b": 1], now: .seconds(122)) == .stuck(["b"]))
        #expect(clock.step(["a": 100, "b": 2], now: .seconds(123)) == .ping)
    }
}
