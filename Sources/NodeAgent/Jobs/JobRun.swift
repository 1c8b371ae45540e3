import Times
import AdminAPI
import Cloud
import Foundation
import Glibc
import Logging
import Names
import ServiceSupport
import Text
import Versions

/// One job, from its beginning or from where an earlier agent has left it.
struct JobRun: Sendable {
    let id: String
    let job: AssignedJob
    let context: NodeContext
    let worker: ServiceWorker

    private var folder: JobFolder { JobFolder(id, context.directory) }
    private var process: ServiceProcess { context.directory.process(of: job.service) }
    private var isLate: Bool { InternetTime.date(job.deadline).map { context.clock.now >= $0 } ?? true }

    /// Why a job fails, in words.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    /// Carries it out.
    ///
    /// - Parameter note: called with each report.
    func run(_ note: @Sendable (JobReport) async -> Void) async {
        if let report = folder.report { return await note(report) }
        var report = JobReport(state: .running, startedAt: Date().formatted(.iso8601))
        do {
            let isGoingOn = folder.isBegun
            if !isGoingOn {
                // One of the assignments on the disk: only ADMIN knows what its clock says.
                while isLate, !context.clock.isKnown { try await Task.sleep(for: .milliseconds(100)) }
                if isLate {
                    _ = try folder.begin("")
                    let deadline = job.deadline.printable
                    throw Failure("its deadline, \(deadline), had passed before it was begun: \(context.clock.text)")
                }
            }
            await note(report)
            switch job.kind {
            case .restart: try await restart(isGoingOn)
            case .action: report = try await action(isGoingOn, report)
            case .tests: report = try await tests(isGoingOn, report)
            }
            if report.state == .running { report.state = .succeeded }
        } catch is CancellationError {
            // The next agent goes on.
            return
        } catch {
            report.state = error is Unknown ? .unknown : .failed
            report.problem = ReportedText.line("\(error)")
            if report.output.isEmpty { report.output = folder.output }
        }
        report.endedAt = Date().formatted(.iso8601)
        do { try folder.finish(report) } catch { context.logger.error("job \(id): \(error)") }
        await note(report)
    }

    /// A job whose end nobody saw.
    private struct Unknown: Error, CustomStringConvertible {
        var description: String { "portcullis-node was ended while it was begun, so nobody knows how far it came" }
    }

    // MARK: Restart

    private func restart(_ isGoingOn: Bool) async throws {
        let old: String
        if isGoingOn {
            guard let note = folder.note else { throw Unknown() }
            if let rolling = RollingRestart(note: note) { return try await restart(rolling) }
            old = note
        } else {
            let (_, facts) = try facts()
            guard let found = await lastStart() else {
                _ = try folder.begin("")
                throw Failure("\(job.service) does not run")
            }
            if case .alive(let running) = found.situation, let rolling = rolling(running, facts) {
                guard try folder.begin(rolling.note) else { throw Unknown() }
                return try await restart(rolling, isNew: true)
            }
            old = found.instance
            guard try folder.begin(old) else { throw Unknown() }
        }
        guard !old.utf8.isEmpty else { throw Unknown() }
        while true {
            switch process.situation {
            // The planner ends it, with its keeper or without, and starts it.
            case .alive(let running) where running.instance.isExactly(old): await worker.restart(old)
            case .ended(let ended) where ended.instance.isExactly(old): await worker.restart(old)
            case .alive(let running) where running.readyAt != nil: return
            case .ended(var ended) where ended.isFailure:
                if ended.hadMaster { ended.masterProblem = workers?.masterProblem }
                throw Failure("it was started, and has ended again: \(ServicePlanner.text(of: ended))")
            case .alive, .ended, .none: break
            }
            guard !isLate else { throw Failure("it was not ready again before the deadline") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The start that is to be followed by another one; `nil`: there was none, or it has ended and is not to be followed.
    private func lastStart() async -> (instance: String, situation: ProcessSituation)? {
        let situation = process.situation
        switch situation {
        case .alive(let running) where !running.instance.utf8.isEmpty: return (running.instance, situation)
        case .ended(let ended) where !ended.instance.utf8.isEmpty:
            return await worker.isToRun ? (ended.instance, situation) : nil
        case .alive, .ended, .none: return nil
        }
    }

    private var workers: WorkersSituation? { MasterState.read(context.directory.master(of: job.service)) }

    /// `nil`: the service has to be stopped and started: nobody would take its connections meanwhile, whoever replaces the
    /// program, or there is no master that could.
    private func rolling(_ running: LiveProcess, _ facts: ManifestFacts) -> RollingRestart? {
        guard running.hasMaster, running.isKept, !running.isStopping, running.readyAt != nil, let run = facts.run,
            run.workers > 0 || !facts.listen.isEmpty, let workers
        else { return nil }
        return RollingRestart(running.instance, workers)
    }

    /// Has the master replace its workers one by one.
    ///
    /// - Parameter isNew: whether nobody can have asked the master before.
    private func restart(_ rolling: RollingRestart, isNew: Bool = false) async throws {
        var isSent = false
        while true {
            guard case .alive(let running) = process.situation, !running.isStopping else {
                throw Failure("it was stopped, or ended, while its workers were replaced")
            }
            // Another start is a restart, too.
            guard running.instance.isExactly(rolling.instance) else { return }
            if let workers {
                switch rolling.progress(workers) {
                case .done: return
                case .failed(let problem):
                    let isServed = workers.workers.contains { $0.state == .ready }
                    throw Failure(isServed ? "the workers that are left go on: \(problem)" : problem)
                // Workers that fail again and again are others each time.
                case .notBegun where !isSent, .underWay where isNew && !isSent:
                    if let master = process.record?.main { isSent = ProcessTable.signal(master, SIGUSR1) }
                case .notBegun, .underWay: break
                }
            }
            guard !isLate else { throw Failure("its workers were not all replaced before the deadline") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Commands

    /// The manifest of the version that the job is for, which must be the current one.
    private func facts() throws -> (digest: ContentDigest, facts: ManifestFacts) {
        let folder = try ServiceFolder(opening: context.directory.folder(of: job.service))
        guard let current = try folder.current() else { throw Failure("\(job.service) has no version here") }
        if let version = job.version, !"\(current)".isExactly(version) {
            throw Failure("the job is for the version \(version.prefix(12).printable)…, and \(current.short)… is here")
        }
        guard let judged = context.shelf.taken(current, for: job.service) else {
            throw Failure("the manifest \(current.short)… is not here")
        }
        if case .refused(let reason) = judged.trust {
            throw Failure("the version \(current.short)… is not trusted: \(reason)")
        }
        return (current, judged.facts)
    }

    private func action(_ isGoingOn: Bool, _ report: JobReport) async throws -> JobReport {
        if !isGoingOn {
            let (digest, facts) = try begin()
            guard let name = job.name, let action = facts.actions.first(where: { $0.name.isExactly(name) }) else {
                throw Failure(
                    "the version \(digest.short)… of \(job.service) has no action \((job.name ?? "").printed())")
            }
            let words = try action.words(with: job.arguments)
            try await launch(words, digest, facts, timeout: action.timeout, in: context.directory.process(ofJob: id))
        }
        let process = context.directory.process(ofJob: id)
        let ended = try await end(of: process)
        var report = report
        report.output = folder.output
        if let problem = Self.problem(ended, process.record) {
            report.state = .failed
            report.problem = problem
        }
        return report
    }

    private func begin() throws -> (digest: ContentDigest, facts: ManifestFacts) {
        guard try folder.begin("") else { throw Unknown() }
        return try facts()
    }

    private func launch(
        _ words: [String], _ digest: ContentDigest, _ facts: ManifestFacts, timeout: Int, in process: ServiceProcess
    ) async throws {
        let start = ServiceStart(name: job.service, digest: digest, facts: facts, drive: nil, context: context)
        let user = try context.users.user(of: job.service, named: facts.user)
        var launch = start.launch(words, user)
        launch.process = process
        launch.environment += facts.run?.environment.map { ($0.name, $0.value) } ?? []
        launch.environment.append(("PORTCULLIS_JOB", id))
        let left =
            InternetTime.date(job.deadline).map { Int($0.timeIntervalSince(context.clock.now).rounded(.up)) } ?? 1
        launch.timeLimit = max(1, min(timeout, left))
        let (ready, keeper) = (launch, context.keeper)
        try await BlockingWork.run {
            try Folder.make(process.directory, mode: 0o755)
            try ready.start(keeper: keeper)
        }
    }

    private func end(of process: ServiceProcess) async throws -> EndedProcess {
        while true {
            switch process.situation {
            case .ended(let ended): return ended
            case .none: throw Unknown()
            case .alive: try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Why a program has not succeeded; `nil`: it has.
    static func problem(_ ended: EndedProcess, _ record: KeeperRecord?) -> String? {
        if record?.isExpired ?? false { return "it took too long, and was ended" }
        switch ended.end {
        case .exited(0): return nil
        case .exited(let status): return "it ended with status \(status)"
        case .killed(let signal): return "signal \(signal) ended it"
        case .failed(let reason): return "it could not be started: \(reason)"
        case .unseen: return "nobody saw how it ended"
        }
    }

    // MARK: Tests

    private func tests(_ isGoingOn: Bool, _ report: JobReport) async throws -> JobReport {
        guard !isGoingOn else { throw Unknown() }
        let (digest, facts) = try begin()
        var lines: [String] = []
        var failed: [String] = []
        let chosen = facts.tests.filter { $0.origin == .node && (job.name?.isExactly($0.name) ?? true) }
        if let name = job.name, chosen.isEmpty {
            throw Failure("the version \(digest.short)… of \(job.service) has no test \(name.printed()) from the node")
        }
        for (index, test) in chosen.enumerated() {
            guard !isLate else { throw Failure("the deadline passed before the test \(test.name)") }
            let problem: String?
            switch test.action {
            case .http(let check):
                problem = try await BlockingWork.run { LocalRequest(check, timeout: test.timeout).problem() }
            case .command(let words):
                let place = "\(folder.path)/\(index)"
                let process = ServiceProcess(directory: place, log: "\(folder.path)/output")
                try await launch(words, digest, facts, timeout: test.timeout, in: process)
                problem = Self.problem(try await end(of: process), process.record)
            }
            lines.append(problem.map { "\(test.name): \($0)" } ?? "\(test.name): passed")
            if let problem { failed.append("\(test.name): \(problem)") }
        }
        var report = report
        report.output = ReportedText.output(folder.output + lines.map { "\($0)\n" }.joined())
        if let first = failed.first {
            report.state = .failed
            report.problem = failed.count > 1 ? "\(first), and \(failed.count - 1) more failed" : first
        }
        return report
    }
}
