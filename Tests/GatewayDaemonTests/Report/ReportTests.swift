import AdminAPI
import JSON
import Testing
import Text

@testable import GatewayDaemon

@Suite("Reports of a gateway") struct ReportTests {
    private func report(_ change: (inout GatewayReport) -> Void = { _ in }) -> GatewayReport {
        var report = GatewayReport(program: "1.0", state: .synchronized)
        change(&report)
        return report
    }

    /// The next message, which there must be.
    private func next(
        _ composer: inout ReportComposer, _ report: GatewayReport
    ) throws -> (message: GatewayReportMessage, after: JSONValue) {
        let next = composer.message(for: report)
        return try #require(next)
    }

    @Test("the first message has the whole report, later ones what differs, and none where nothing does")
    func deltas() throws {
        var composer = ReportComposer(session: "s")
        let (first, after) = try next(&composer, report())
        #expect(first.sequence == 1 && first.report == report() && first.changes == nil)
        composer.heard(ReportAnswer(wantsWhole: false), to: after)
        let none = composer.message(for: report())
        #expect(none == nil)

        let draining = report { $0.drains["a b"] = .init(until: "2026-11-28T12:00:00Z", connections: 3) }
        let (second, after2) = try next(&composer, draining)
        #expect(second.sequence == 2 && second.report == nil)
        #expect(second.changes?["drains"]?["a b"]?["connections"] == .integer(3))
        #expect(second.changes?["program"] == nil)
        composer.heard(ReportAnswer(wantsWhole: false), to: after2)
        let (third, _) = try next(&composer, report())
        #expect(third.changes == .object([.init(name: "drains", value: .object([.init(name: "a b", value: .null)]))]))
    }

    @Test("after a lost message, and when ADMIN asks for it, the whole report is sent")
    func whole() throws {
        var composer = ReportComposer(session: "s")
        var (_, after) = try next(&composer, report())
        composer.failed()
        var again = try next(&composer, report())
        #expect(again.message.report != nil && again.message.sequence == 2)
        composer.heard(ReportAnswer(wantsWhole: false), to: again.after)
        let held = report { $0.state = .held }
        (_, after) = try next(&composer, held)
        composer.heard(ReportAnswer(wantsWhole: true), to: after)
        again = try next(&composer, held)
        #expect(again.message.sequence == 4)
        #expect(again.message.report == held)
    }

    @Test("a report that has not changed is confirmed when that is due, so that a restarted ADMIN can ask for it")
    func confirmed() throws {
        var composer = ReportComposer(session: "s")
        let (_, after) = try next(&composer, report())
        composer.heard(ReportAnswer(wantsWhole: false), to: after)
        let none = composer.message(for: report())
        #expect(none == nil)
        let due = composer.message(for: report(), isDue: true)
        let confirmation = try #require(due)
        #expect(confirmation.message.sequence == 2 && confirmation.message.changes == .object([]))
        composer.heard(ReportAnswer(wantsWhole: true), to: confirmation.after)
        let again = try next(&composer, report())
        #expect(again.message.report == report())
    }

    @Test("a status becomes a report within ADMIN's limits, whatever is in it")
    func limits() throws {
        let now = ClockReading(boot: 1_000, wall: 1_800_000_000, bootID: "b")
        var status = GatewayStatus(
            name: "gw1", location: "tcn", role: "active", mode: .daemon, process: 1, startedAt: 0)
        status.drains = (0..<1_000).map {
            .init(
                service: "TCP 198.51.100.36:80", server: "10.1.0.1:\($0 as Int)", until: 1_060, connections: $0,
                isWholeService: false)
        }
        status.failures = (0..<50).map {
            .init(
                error: "refused \($0)\n\u{7F}" + String(repeating: "x", count: 1_000), since: 900, attempts: 2,
                retryAt: 1_100)
        }
        status.problems = (0..<50).map { "problem \($0 / 2)" }
        status.missingAddresses = ["198.51.100.36"]
        let report = status.report(program: "1.0", at: now)
        #expect(report.drains.count == Limits.reportedDrains && report.drainCount == 1_000)
        #expect(report.refusals.count == Limits.reportedTexts)
        #expect(report.problems.count == Limits.reportedTexts)
        #expect(
            report.drains["TCP 198.51.100.36:80 10.1.0.1:7"] == .init(until: "2027-01-15T08:01:00Z", connections: 7))
        // ADMIN takes it as it is.
        #expect(try GatewayReport(json: report.jsonBytes, .strict) == report)
        #expect(report.jsonBytes.count < Limits.report)
    }
}
