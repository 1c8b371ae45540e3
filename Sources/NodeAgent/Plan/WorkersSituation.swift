package import AdminAPI
import Text

/// What the master of a service says of the processes of its program.
package struct WorkersSituation: Sendable, Hashable {
    package typealias State = WorkerReport.State

    /// How a process ended.
    package enum End: Sendable, Hashable {
        case exited(Int)
        case killed(signal: Int)
        /// The kernel ended it, since the memory of the service's limit was used up.
        case outOfMemory
        /// It wrote down its crash before it ended.
        case crashed(signal: Int)
        /// It gave no sign of life, or is taken for hung for the reason.
        case hung(reason: String?)
        /// It was ended, since it was not ready in time.
        case notReady
        /// It could not be executed, for the reason.
        case failed(String)
    }

    package struct Worker: Sendable, Hashable {
        /// From 1; 0: the program itself, once.
        package var number: Int
        /// `nil`: there is none now.
        package var process: Int32?
        /// In the kernel's ticks since the boot.
        package var start: UInt64?
        package var state: State
        /// RFC 3339 in UTC.
        package var since: String
        package var restarts = 0
        /// What it has said of itself (`STATUS=`).
        package var status: String?
        /// `nil`: none of its processes has ended unasked.
        package var lastEnd: End?
        /// Processes that it left behind then, which were ended.
        package var left = 0

        package init(number: Int, process: Int32? = nil, start: UInt64? = nil, state: State, since: String) {
            self.number = number
            self.process = process
            self.start = start
            self.state = state
            self.since = since
        }
    }

    /// By number.
    package var workers: [Worker]
    /// Why the last reload or restart of the workers was given up; `nil`: it was not.
    package var reloadProblem: String?
    /// When it ended: RFC 3339 in UTC.
    package var reloadedAt: String?
    /// Whether workers are being replaced, or told of a new configuration.
    package var isReloading = false
    /// What is wrong with the service as a whole, as a socket that cannot be opened.
    package var masterProblem: String?

    package init(workers: [Worker] = [], reloadProblem: String? = nil) {
        self.workers = workers
        self.reloadProblem = reloadProblem
    }

    package var restarts: Int { workers.reduce(0) { min($0 + $1.restarts, Limits.reportedCount) } }

    /// Whether some have ended or hang, and none serves.
    package var isFailing: Bool {
        !workers.contains { $0.state == .ready } && workers.contains { $0.problem != nil }
    }

    /// Why not all of them serve, as a sentence; `nil`: they do, or nothing is known to be wrong.
    package var problem: String? {
        if let masterProblem { return masterProblem }
        let wrong = workers.filter { $0.problem != nil }
        guard let first = wrong.first, let problem = first.problem else { return nil }
        guard first.number > 0 else { return problem }
        let ready = workers.count { $0.state == .ready }
        return "\(ready) of \(workers.count) workers are ready; worker \(first.number): \(problem)"
    }

    /// What became of the last reload or restart of the workers, if it was given up, as a sentence.
    package var reloadNote: String? {
        guard let reloadProblem, !isReloading else { return nil }
        return "its workers were not all reloaded or restarted\(reloadedAt.map { " at \($0)" } ?? ""): \(reloadProblem)"
    }

    /// As they are reported.
    package var reports: [WorkerReport] {
        workers.map { worker in
            WorkerReport(
                worker: worker.number, pid: worker.process.map(Int.init), state: worker.state, since: worker.since,
                restarts: worker.restarts, problem: worker.problem.map { ReportedText.line($0) })
        }
    }
}

extension WorkersSituation.Worker {
    /// Why it does not serve; `nil`: it does, or nothing has gone wrong.
    package var problem: String? {
        switch state {
        case .ready, .stopping: return nil
        case .hung: return "it gives no sign of life"
        case .crashed, .waiting, .starting: break
        }
        guard let lastEnd else { return nil }
        let ending =
            switch lastEnd {
            case .exited(0) where left > 0: LeftProcesses.text(left)
            case .exited(let status): "it ended by itself with status \(status)"
            case .outOfMemory: "the kernel ended it: it needed more memory than its limit allows"
            case .killed(let signal): "signal \(signal) ended it"
            case .crashed(let signal): "it crashed with signal \(signal)"
            case .hung(let reason): reason ?? "it gave no sign of life"
            case .notReady: "it was not ready in time"
            case .failed(let reason): "it cannot be started: \(reason)"
            }
        let times = restarts > 1 ? "; it was started again \(restarts) times" : ""
        return ending + times + (status.map { " (\($0))" } ?? "")
    }
}

/// Processes that a program has left behind at its end.
enum LeftProcesses {
    /// What is told of a program that ends and leaves so many.
    static func text(_ count: Int) -> String {
        let what = count == 1 ? "a process behind, which was" : "\(count) processes behind, which were"
        return "its program ended and left \(what) ended: a program must stay in the foreground"
    }
}
