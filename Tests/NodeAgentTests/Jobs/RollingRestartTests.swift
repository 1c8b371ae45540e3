import AdminAPI
import Testing

@testable import NodeAgent

@Suite struct RollingRestartTests {
    private func situation(
        _ processes: [Int32], _ state: WorkersSituation.State = .ready, failedAt: String? = nil
    ) -> WorkersSituation {
        var situation = WorkersSituation(
            workers: processes.enumerated().map { index, process in
                WorkersSituation.Worker(
                    number: index + 1, process: process, start: 5, state: state, since: "2026-11-29T10:00:00Z")
            }, reloadProblem: failedAt.map { _ in "worker 1 was not ready" })
        situation.reloadedAt = failedAt
        return situation
    }

    @Test func itIsDoneWhenAllWorkersAreOthersAndReady() {
        let restart = RollingRestart("abc", situation([10, 11]))
        #expect(restart.progress(situation([10, 11])) == .notBegun)
        #expect(restart.progress(situation([20, 11])) == .underWay)
        #expect(restart.progress(situation([20, 21], .starting)) == .underWay)
        #expect(restart.progress(situation([])) == .underWay)
        #expect(restart.progress(situation([20, 21])) == .done)
        // What the master is at work on is not asked for again, and not over.
        for processes: [Int32] in [[10, 11], [20, 21]] {
            var reloading = situation(processes)
            reloading.isReloading = true
            #expect(restart.progress(reloading) == .underWay)
        }
    }

    @Test func onlyANewProblemIsItsOwn() {
        let restart = RollingRestart("abc", situation([10], failedAt: "2026-11-29T10:00:00Z"))
        #expect(restart.progress(situation([10], failedAt: "2026-11-29T10:00:00Z")) == .notBegun)
        #expect(
            restart.progress(situation([10], failedAt: "2026-11-29T10:00:09Z")) == .failed("worker 1 was not ready"))
    }

    @Test func workersThatWereReadyAndEndedAgainAreAFailure() {
        let restart = RollingRestart("abc", situation([10, 11]))
        var after = situation([20, 21], .waiting)
        for index in after.workers.indices {
            after.workers[index].process = nil
            after.workers[index].lastEnd = .exited(3)
        }
        // The master is still at it, or has not said that it has ended.
        #expect(restart.progress(after) == .underWay)
        after.reloadedAt = "2026-11-29T10:00:09Z"
        #expect(
            restart.progress(after)
                == .failed(
                    "new workers were ready, and have ended: 0 of 2 workers are ready; "
                        + "worker 1: it ended by itself with status 3"))
        // One that is being started may stay.
        for index in after.workers.indices { after.workers[index].state = .starting }
        #expect(restart.progress(after) == .underWay)
        // Another reload is under way.
        after.workers[0].state = .waiting
        after.isReloading = true
        #expect(restart.progress(after) == .underWay)
    }

    @Test func aNextAgentReadsItsNote() throws {
        for time in [nil, "2026-11-29T10:00:00Z"] {
            let restart = RollingRestart("abc", situation([10, 11], failedAt: time))
            let read = try #require(RollingRestart(note: restart.note))
            #expect(read.instance == "abc" && read.workers == restart.workers && read.earlier == time)
        }
        #expect(RollingRestart(note: "abc") == nil && RollingRestart(note: "") == nil)
    }
}
