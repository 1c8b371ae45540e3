import AdminAPI
import JSON
import Testing
import Text

@testable import NodeAgent

@Suite struct ServerReportComposerTests {
    private var report: ServerReport {
        ServerReport(
            program: "1", applied: nil, bootedAt: "2027-01-01T00:00:00Z",
            services: ["pgw.1": ServerService(state: .starting, since: "2027-01-01T00:00:00Z")])
    }

    @Test func theWholeReportComesFirstAndThenWhatChanges() throws {
        var composer = ReportComposer.ofServer(session: "s")
        let madeFirst = composer.message(for: report, isDue: false)
        let (first, after) = try #require(madeFirst)
        #expect(first.report == report && first.sequence == 1)
        composer.heard(ReportAnswer(wantsWhole: false), to: after)
        #expect(composer.message(for: report, isDue: false) == nil)
        var next = report
        next.load = 3
        // Load alone waits for the minute.
        #expect(composer.message(for: next, isDue: false) == nil)
        #expect(composer.message(for: next, isDue: true)?.message.changes != nil)
        next.services["pgw.1"]?.state = .running
        let madeSecond = composer.message(for: next, isDue: false)
        let (second, _) = try #require(madeSecond)
        #expect(second.report == nil && second.changes?["services"]?["pgw.1"]?["state"] == "running")
    }

    @Test func afterALostMessageOrARestartOfADMINTheWholeIsSentAgain() throws {
        var composer = ReportComposer.ofServer(session: "s")
        let made_ = composer.message(for: report, isDue: false)
        let (_, after) = try #require(made_)
        composer.heard(ReportAnswer(wantsWhole: true), to: after)
        let madeAgain = composer.message(for: report, isDue: false)
        let (again, next) = try #require(madeAgain)
        #expect(again.report != nil && again.sequence == 2)
        composer.heard(ReportAnswer(wantsWhole: false), to: next)
        composer.failed()
        #expect(composer.message(for: report, isDue: false)?.message.report != nil)
    }

    @Test func textsFitTheReport() {
        let long = String(repeating: "e\u{301}", count: 1_000)
        #expect(ReportedText.line(long).unicodeScalars.count == Limits.reportedText)
        #expect(ReportedText.line("a\u{1B}b").utf8.allSatisfy { $0 >= 0x20 })
        let output = ReportedText.output(String(repeating: "ä", count: Limits.jobOutput) + "end")
        #expect(output.utf8.count <= Limits.jobOutput && output.utf8.count > Limits.jobOutput - 4)
        #expect(output.hasByteSuffix("äend"))
    }

    @Test func messagesFitTheForm() throws {
        var composer = ReportComposer.ofServer(session: "s")
        let madeMessage = composer.message(for: report, isDue: false)
        let (message, _) = try #require(madeMessage)
        #expect(try ServerReportMessage(json: message.jsonBytes, .strict) == message)
    }
}
