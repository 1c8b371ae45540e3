import AdminAPI
import Testing

@testable import portcullis

@Suite("A log on the command line") struct LogPrinterTests {
    private func log(_ state: ServiceLog.State = .present, _ parts: ServiceLog.Part...) -> ServiceLog {
        ServiceLog(service: "pgw.1", server: "app1", state: state, parts: parts, isComplete: true, next: "x")
    }

    @Test("on a terminal control characters are shown; elsewhere the text is as it was")
    func text() {
        let part = ServiceLog.Part(text: "a\u{1B}[2Jb\tc\r\nd")
        var terminal = LogPrinter(isTerminal: true)
        let shown = terminal.output(of: log(.present, part))
        #expect(shown == [.text("a\\u{1B}[2Jb\tc\\r\nd")] && terminal.end == "\n")
        let rest = terminal.output(of: log(.present, .init(text: "e\n")))
        #expect(rest == [.text("e\n")] && terminal.end.isEmpty)
        var pipe = LogPrinter(isTerminal: false)
        let raw = pipe.output(of: log(.present, part))
        #expect(raw == [.text(part.text)] && pipe.end.isEmpty)
    }

    @Test("what happened to the log, and what was lost, is said before the text")
    func notes() {
        var printer = LogPrinter(isTerminal: true)
        let output = printer.output(
            of: log(.present, .init(text: "a\n"), .init(change: .rotated, lost: 3, text: "b\n")))
        #expect(
            output == [
                .text("a\n"), .note("Note: the log was rotated."),
                .note("Note: 3 lines were lost: they came faster than they could be sent."), .text("b\n"),
            ])
    }

    @Test("a node that falls silent is told once, and that it is back")
    func states() {
        var printer = LogPrinter(isTerminal: true)
        let notes = [ServiceLog.State.waiting, .present, .silent, .silent, .waiting, .absent, .present].map { state in
            printer.output(of: log(state)).count
        }
        #expect(notes == [0, 0, 1, 0, 0, 1, 1])
        for state in [ServiceLog.State.absent, .silent, .unable] { #expect(LogNote.problem(log(state)) != nil) }
        #expect(LogNote.problem(log(.waiting)) == nil && LogNote.problem(log()) == nil)
    }
}
