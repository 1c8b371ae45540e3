import AdminAPI
import Testing

@testable import NodeAgent

@Suite struct RollingRestartTests {
    private func situation(
        _ processes: [Int32], _ state: WorkersSituation.State = .ready, problem: String? = nil
    ) -> WorkersSituation {
        WorkersSituation(
            workers: processes.enumerated().map { index, process in
                WorkersSituation.Worker(
                    number: index + 1, process: process, start: 5, state: state, since: "2026-11-29T10:00:00Z")
            }, reloadProblem: problem)
    }

    @Test func itIsDoneWhenAllWorkersAreOthersAndReady() {
        let restart = RollingRestart("abc", situation([10, 11]))
        #expect(restart.progress(situation([10, 11])) == .notBegun)
        #expect(restart.progress(situation([20, 11])) == .underWay)
        #expect(restart.progress(situation([20, 21], .starting)) == .underWay)
        #expect(restart.progress(situation([])) == .underWay)
        #expect(restart.progress(situation([20, 21])) == .done)
    }

    @Test func onlyANewProblemIsItsOwn() {
        let restart = RollingRestart("abc", situation([10], problem: "an old one"))
        #expect(restart.progress(situation([10], problem: "an old one")) == .notBegun)
        #expect(
            restart.progress(situation([10], problem: "worker 1 was not ready")) == .failed("worker 1 was not ready"))
    }

    @Test func aNextAgentReadsItsNote() throws {
        for problem in [nil, "an old one"] {
            let restart = RollingRestart("abc", situation([10, 11], problem: problem))
            let read = try #require(RollingRestart(note: restart.note))
            #expect(read.instance == "abc" && read.workers == restart.workers && read.earlierProblem == problem)
        }
        #expect(RollingRestart(note: "abc") == nil && RollingRestart(note: "") == nil)
    }
}
