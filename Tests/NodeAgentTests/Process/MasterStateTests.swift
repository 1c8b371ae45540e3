import AdminAPI
import NodeAgent
import Testing

@Suite struct MasterStateTests {
    private func worker(_ members: String) -> String {
        #"{"worker": 1, "pid": 77, "start": 900, "generation": 1, "state": "ready", "since": "2026-11-29T10:00:00Z"\#(members)}"#
    }

    private func read(_ workers: String, reload: String = "null") -> WorkersSituation? {
        let text =
            #"{"master": 1, "pid": 70, "startedAt": "2026-11-29T09:00:00Z", "phase": "running", "reload": \#(reload), "workers": [\#(workers)], "new": {}}"#
        return WorkersSituation(reading: Array(text.utf8))
    }

    @Test func workersAreRead() throws {
        let situation = try #require(read(worker(#", "restarts": 3, "status": "busy""#)))
        let worker = try #require(situation.workers.first)
        #expect(worker.process == 77 && worker.start == 900 && worker.state == .ready && worker.restarts == 3)
        #expect(worker.status == "busy" && worker.lastEnd == nil && worker.problem == nil)
        #expect(situation.restarts == 3 && situation.problem == nil && !situation.isFailing)
        #expect(
            situation.reports == [
                WorkerReport(worker: 1, pid: 77, state: .ready, since: "2026-11-29T10:00:00Z", restarts: 3)
            ])
    }

    @Test(
        "how one ended is told",
        arguments: [
            (#"{"kind": "exited", "code": 7}"#, "it ended by itself with status 7"),
            (#"{"kind": "killed", "code": 9}"#, "signal 9 ended it"),
            (#"{"kind": "crashed", "code": 11}"#, "it crashed with signal 11"),
            (
                #"{"kind": "exited", "code": 0, "left": 1}"#,
                "its program ended and left a process behind, which was ended: a program must stay in the foreground"
            ),
            (#"{"kind": "failed", "reason": "/a: Exec format error"}"#, "it cannot be started: /a: Exec format error"),
            (#"{"kind": "hung"}"#, "it gave no sign of life"),
            (#"{"kind": "hung", "reason": "it asked for it"}"#, "it asked for it"),
            (#"{"kind": "not-ready"}"#, "it was not ready in time"),
        ])
    func ends(_ end: String, _ text: String) throws {
        let members = #", "lastEnd": \#(end)"#
        #expect(try #require(read(worker(members))).problem == nil)
        let waiting = worker(members).replacing("ready\"", with: "waiting\"", maxReplacements: 1)
        // The word is in the end "not-ready", too.
        let situation = try #require(read(waiting))
        #expect(situation.problem == "0 of 1 workers are ready; worker 1: \(text)" && situation.isFailing)
        let program = waiting.replacing("\"worker\": 1", with: "\"worker\": 0")
        #expect(read(program)?.problem == text)
    }

    @Test func aProblemOfOneWorkerIsNotThatOfTheService() throws {
        let crashed = worker(#", "restarts": 2, "lastEnd": {"kind": "crashed", "code": 6}"#)
            .replacing("\"worker\": 1", with: "\"worker\": 2").replacing("\"ready\"", with: "\"waiting\"")
        let situation = try #require(read("\(crashed), \(worker(""))"))
        #expect(situation.workers.map(\.number) == [1, 2] && !situation.isFailing)
        #expect(
            situation.problem
                == "1 of 2 workers are ready; worker 2: it crashed with signal 6; it was started again 2 times")
        #expect(WorkerCount(situation.reports) == WorkerCount(ready: 1, all: 2))
    }

    @Test func whatAStrangerCouldHaveWrittenIsRefused() {
        let fine = worker("")
        for text in [
            "", "[]", "{}", #"{"master": 2, "workers": []}"#, #"{"master": 1, "workers": {}}"#,
            #"{"master": 1, "workers": []}"#, String(repeating: "[", count: 100_000),
            "{\"master\": 1, \"startedAt\": \"2026-11-29T09:00:00Z\", \"workers\": [\(fine), \(fine)]}",
        ] { #expect(WorkersSituation(reading: Array(text.utf8)) == nil, "\(text.prefix(80))") }
        for (part, other) in [
            (#""worker": 1"#, #""worker": 65"#), (#""worker": 1"#, #""worker": "1""#), ("\"ready\"", "\"dancing\""),
            ("2026-11-29T10:00:00Z", "yesterday"), ("2026-11-29T10:00:00Z", "2026-11-29T10:00:00Z\\u001b"),
        ] { #expect(read(fine.replacing(part, with: other)) == nil, "\(other)") }
        let many = Array(repeating: "0", count: 66).joined(separator: ",")
        #expect(read(many) == nil)
        #expect(WorkersSituation(reading: [UInt8](repeating: 0x20, count: MasterState.largest + 1)) == nil)
        // What is only for people is made harmless.
        let text = String(repeating: "\\u001b", count: 10) + String(repeating: "x", count: 5_000)
        let situation = read(worker(#", "status": "\#(text)", "restarts": -5"#))
        #expect(situation?.workers.first?.status?.contains("\u{1b}") == false)
        #expect(situation?.workers.first?.status?.utf8.count == 256 && situation?.restarts == 0)
    }
}
