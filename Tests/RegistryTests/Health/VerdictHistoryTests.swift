import AdminAPI
import Foundation
import RegistryTestSupport
import TestSupport
import Testing
import Text

@testable import Registry

@Suite("What changes in the verdicts of a gateway") struct VerdictHistoryTests {
    private func health(
        _ down: [String], isInForce: Bool = true, unknown: Int = 0, downInstances: Int? = nil,
        holdsUntil: String? = nil, since: String = "2026-11-29T01:00:00Z"
    ) -> GatewayReport.Health {
        GatewayReport.Health(
            isInForce: isInForce, targets: 2_000, unknown: unknown,
            down: down.reduce(into: [:]) {
                $0[ExactText($1)] = .init(target: "10.1.0.11:8080", since: since, reason: "connection refused")
            }, downCount: min(1, down.count), downInstances: downInstances ?? down.count, holdsUntil: holdsUntil)
    }

    private func take(
        _ health: GatewayReport.Health?, _ history: inout VerdictHistory, at seconds: Int = 100,
        isChecked: Bool = true
    ) -> [String] {
        history.take(health, at: .seconds(seconds)) { _ in isChecked }.map(\.text)
    }

    @Test("instances go down and come back; the first report is no change, nor is one that says the same")
    func story() {
        var history = VerdictHistory(health(["tg.1/devices"]), of: "gw1")
        #expect(take(health(["tg.1/devices"]), &history) == [])
        let changes = history.take(health(["pgw.1/http", "tg.1/devices"]), at: .seconds(101)) { _ in true }
        #expect(
            changes == [
                .init(service: "pgw.1", text: "pgw.1/http is down at gw1: connection refused (10.1.0.11:8080)")
            ])
        #expect(take(health(["tg.1/devices"]), &history) == ["pgw.1/http is up again at gw1"])
        #expect(take(health([], unknown: 1), &history) == ["tg.1/devices is no longer down at gw1"])
    }

    @Test("an instance that is no longer checked is not said to be up")
    func unchecked() {
        var history = VerdictHistory(health(["pgw.1/http"]), of: "gw1")
        #expect(take(health([]), &history, isChecked: false) == [])
        #expect(take(nil, &history) == [])
        #expect(take(health([]), &history) == [])
    }

    @Test("verdicts that count no longer change nothing but that; what has changed meanwhile is told afterwards")
    func force() {
        var history = VerdictHistory(health(["pgw.1/http"]), of: "gw1")
        #expect(take(health([], isInForce: false), &history) == ["verdicts of gw1 no longer count: no prober"])
        #expect(
            take(health(["pgw.2/http"]), &history) == [
                "verdicts of gw1 count again", "pgw.2/http is down at gw1: connection refused (10.1.0.11:8080)",
                "pgw.1/http is up again at gw1",
            ])
        // Not in force when ADMIN started: there is nothing to compare with.
        history = VerdictHistory(health(["pgw.1/http"], isInForce: false), of: "gw1")
        #expect(take(health(["pgw.2/http"]), &history) == ["verdicts of gw1 count again"])
        #expect(take(health([]), &history) == ["pgw.2/http is up again at gw1"])
    }

    @Test("weights that hold are told, and their end")
    func holding() {
        var history = VerdictHistory(health([]), of: "gw1")
        #expect(
            take(health([], holdsUntil: "2026-11-29T01:00:00Z"), &history) == [
                "weights hold at gw1: too many servers failed at once"
            ])
        #expect(take(health([], holdsUntil: "2026-11-29T01:01:00Z"), &history) == [])
        #expect(take(health([]), &history) == ["weights no longer hold at gw1"])
    }

    @Test("who is missing from a list that was cut is not up, and who comes into it was down before")
    func cut() {
        var history = VerdictHistory(health(["pgw.1/http"], downInstances: 300), of: "gw1")
        #expect(take(health(["pgw.2/http"], downInstances: 300), &history) == [])
        let later = health(["pgw.3/http"], downInstances: 300, since: "2026-11-29T01:00:09Z")
        #expect(take(later, &history) == ["pgw.3/http is down at gw1: connection refused (10.1.0.11:8080)"])
    }

    @Test("a thousand servers that flap make 20 sentences a minute, and one about the rest")
    func flapping() {
        let all = (1...400).map { "pgw.\($0)/http" }
        var history = VerdictHistory(health([]), of: "gw1")
        var texts: [String] = []
        for second in 0..<120 {
            texts += take(health(second.isMultiple(of: 2) ? all : []), &history, at: 100 + second)
        }
        #expect(texts.count == 41, "\(texts.count)")
        #expect(texts[20] == "within a minute at gw1: 11980 more went down, 12000 more came back")
        #expect(history.isOwing)
        #expect(
            history.settle(at: .seconds(300)).map(\.text)
                == ["within a minute at gw1: 11980 more went down, 12000 more came back"])
        #expect(!history.isOwing && history.settle(at: .seconds(400)) == [])
    }

    @Test("reports become events in one batch; a store that cannot be written gets them later")
    func events() async throws {
        let store = InMemoryStore()
        let clock = TestClock()
        let registry = Registry(store: store, now: clock.now, uptime: clock.uptime)
        let roster = GatewayRoster(registry: registry, logger: RecordedLog().logger)
        let id = GatewayID(location: "tcn", name: "gw1")
        await roster.end(try await roster.begin(id, .init(), isVouched: true))
        func report(_ sequence: Int, _ health: GatewayReport.Health) async throws {
            let report = GatewayReport(program: "1", state: .synchronized, health: health)
            let message = GatewayReportMessage(session: "a", sequence: sequence, report: report)
            _ = try await roster.take(message, from: id, by: "gw-token")
        }
        try await report(1, health(["pgw.1/http"]))
        try await report(2, health(["pgw.1/http", "pgw.2/http"], isInForce: true))
        try await report(3, health(["pgw.1/http", "pgw.2/http"], isInForce: false))
        #expect(try await store.events(after: 0, before: nil, limit: 10).isEmpty)
        await roster.flushEvents()
        let events = try await store.events(after: 0, before: nil, limit: 10).map(\.entry)
        #expect(events.map(\.name) == ["pgw.2", "tcn/gw1"])
        #expect(events.allSatisfy { $0.kind == .health && $0.actor == "gw-token" && $0.action == .update })
        #expect(events.map(\.after).last == "verdicts of gw1 no longer count: no prober")
    }
}
