import AdminAPI
import Foundation
import Logging
import ServiceSupport
import Text
import Versions

/// What is to be done once. A job is begun by making its directory, which happens once; whatever becomes of the agent
/// then, it is not begun again.
actor JobBook {
    private let context: NodeContext
    private let changed: @Sendable () -> Void
    private(set) var reports: [ExactText: JobReport] = [:]
    private var tasks: [ExactText: Task<Void, Never>] = [:]

    init(_ context: NodeContext, changed: @escaping @Sendable () -> Void) {
        self.context = context
        self.changed = changed
    }

    /// Begins jobs that are new, goes on with those that an earlier agent has begun, and forgets those that ADMIN does not
    /// name any more.
    ///
    /// - Parameter workers: those of the jobs' services, by name.
    func follow(_ jobs: [ExactText: AssignedJob], _ workers: [ExactText: ServiceWorker]) {
        for (id, job) in jobs where tasks[id] == nil {
            guard let worker = workers[ExactText(job.service)] else { continue }
            let run = JobRun(id: id.wrappedValue, job: job, context: context, worker: worker)
            tasks[id] = Task { await run.run { report in await self.note(id, report) } }
        }
        for id in Set(tasks.keys).subtracting(jobs.keys) where reports[id]?.state != .running {
            tasks.removeValue(forKey: id)?.cancel()
            reports[id] = nil
            JobFolder(id.wrappedValue, context.directory).remove()
        }
    }

    private func note(_ id: ExactText, _ report: JobReport) {
        guard reports[id] != report else { return }
        if reports[id]?.state != report.state {
            let problem = report.problem.map { ", \($0)" } ?? ""
            context.logger.info("job \(id.wrappedValue): \(report.state.rawValue)\(problem)")
        }
        reports[id] = report
        changed()
    }

    /// Lets all jobs be: programs of theirs go on, and the next agent finds them.
    func end() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
    }
}
