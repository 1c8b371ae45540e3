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
        _ composer: inout ReportComposer<GatewayReportMessage>, _ report: GatewayReport
    ) throws -> (message: GatewayReportMessage, after: JSONValue) {
        let next = composer.message(for: report)
        return try #require(next)
    }

    @Test("the first message has the whole report, later ones what differs, and none where nothing does")
    func deltas() throws {
        var composer = ReportComposer<GatewayReportMessage>(session: "s")
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
        var composer = ReportComposer<GatewayReportMessage>(session: "s")
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
        var composer = ReportComposer<GatewayReportMessage>(session: "s")
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
        #expect(report.health == nil)
        // ADMIN takes it as it is.
        #expect(try GatewayReport(json: report.jsonBytes, .strict) == report)
        #expect(report.jsonBytes.count < Limits.report)
    }

    /// A status in which each target has so many instances that are down, of so many in all.
    private func status(targets: Int, instances: Int, reason: String = "connection refused") -> GatewayStatus {
        var status = GatewayStatus(
            name: "gw1", location: "tcn", role: "active", mode: .daemon, process: 1, startedAt: 0)
        status.checks = GatewayStatus.Checks(
            prober: .working, isInForce: true, targets: targets, up: 0, downCount: targets,
            downInstances: targets * instances,
            down: (0..<targets).map { target in
                GatewayStatus.Checks.Target(
                    target: "10.1.0.\(target):80", check: "tcp", since: 900, reason: reason,
                    instances: (0..<instances).map { "pgw.\(target * instances + $0)/http" }, instanceCount: instances)
            })
        return status
    }

    @Test("every instance of a target that is down is reported, and a report that leaves some out says so")
    func downInstances() throws {
        let now = ClockReading(boot: 1_000, wall: 1_800_000_000, bootID: "b")
        func health(_ status: GatewayStatus) throws -> GatewayReport.Health {
            let report = status.report(program: "1.0", at: now)
            // ADMIN takes it as it is.
            #expect(try GatewayReport(json: report.jsonBytes, .strict) == report)
            #expect(report.jsonBytes.count < Limits.report)
            return try #require(report.health)
        }
        let shared = try health(status(targets: 1, instances: 700))
        #expect(shared.down.count == 700 && shared.downInstances == 700 && !shared.isCut)
        let many = try health(status(targets: 3, instances: 400))
        #expect(many.down.count == Limits.reportedDown && many.downInstances == 1_200 && many.isCut)
        let long = try health(
            status(targets: 10, instances: 100, reason: String(repeating: "\"", count: 1_024)))
        #expect(long.down.count > 500 && long.isCut)
        let text = try #require(
            status(targets: 1, instances: 23).text(now: 1_000).split(separator: "\n").first { $0.hasPrefix("down") })
        #expect(text.hasSuffix("pgw.19/http and 3 more) for 100 s: connection refused"), "\(text)")
    }
}
