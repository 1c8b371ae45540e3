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
    private var builds: Set<ExactText> = []
    /// Builds that are not wanted any more, until their programs have ended.
    private var ending: [ExactText: Task<Void, Never>] = [:]
    /// Versions are built one at a time.
    private let turns = Turns()

    init(_ context: NodeContext, changed: @escaping @Sendable () -> Void) {
        self.context = context
        self.changed = changed
    }

    /// Begins jobs that are new, goes on with those that an earlier agent has begun, and forgets those that ADMIN does not
    /// name any more.
    ///
    /// - Parameter workers: those of the jobs' services, by name.
    func follow(
        _ jobs: [ExactText: AssignedJob], _ workers: [ExactText: ServiceWorker],
        builds assigned: [ExactText: AssignedBuild]
    ) {
        for (id, job) in jobs where tasks[id] == nil {
            guard let worker = workers[ExactText(job.service)] else { continue }
            let run = JobRun(id: id.wrappedValue, job: job, context: context, worker: worker)
            tasks[id] = Task { await run.run { report in await self.note(id, report) } }
        }
        for (id, build) in assigned where tasks[id] == nil {
            let run = BuildRun(id: id.wrappedValue, build: build, context: context)
            builds.insert(id)
            tasks[id] = Task { [turns] in await turns.run { await run.run { report in await self.note(id, report) } } }
        }
        // A build that is not wanted any more is ended; what runs for a service comes to its end.
        for id in Set(tasks.keys).subtracting(jobs.keys).subtracting(assigned.keys)
        where reports[id]?.state != .running || builds.contains(id) {
            let task = tasks.removeValue(forKey: id)
            task?.cancel()
            reports[id] = nil
            if builds.remove(id) == nil {
                JobFolder(id.wrappedValue, context.directory).remove()
            } else {
                ending[id] = Task { [context] in
                    await task?.value
                    JobFolder(id.wrappedValue, context.directory).remove()
                    self.hasEnded(id)
                }
            }
        }
    }

    private func hasEnded(_ id: ExactText) {
        ending[id] = nil
        // It may have told of itself after it was forgotten.
        if tasks[id] == nil { reports[id] = nil }
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

    /// Lets the jobs of services be: programs of theirs go on, and the next agent finds them. Builds are ended.
    func end() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        for task in ending.values { await task.value }
    }
}
