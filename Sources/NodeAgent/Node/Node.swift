import AdminAPI
import Foundation
import Glibc
package import Logging
import ServiceSupport
import Text
import Versions

/// The agent of a server: follows its assignments, and keeps its services as they say.
package actor Node {
    let configuration: NodeConfiguration
    let context: NodeContext
    let logger: Logger
    let program: String
    private let source: AdminSource
    private let choice: DriverChoice
    private let notifier: SystemdNotifier
    private var stored: StoredAssignments?
    /// What a next start would find on the disk.
    private var kept: StoredAssignments?
    /// Why that is not `stored`; `nil`: it is.
    private var keepingProblem: String?
    private var workers: [ExactText: Worker] = [:]
    private let jobs: JobBook
    private let crashes: CrashWatch
    private let tokens: ServiceTokens
    /// The jobs of ADMIN that are not taken.
    private var refusedJobs = RefusedJobs()
    /// Why the assignments cannot be had, or not be carried out.
    private var pollProblem: String?
    private var pollProblems: [String] = []
    /// Whether ADMIN may have forgotten what was reported, or a report did not arrive.
    private var isReportDue = false
    private var hasReportFailed = false
    /// Ends the pause after a report that failed.
    private let answers = Changes()
    /// Whether all services know what ADMIN says of their leases.
    private var hasRenewed = false
    /// Changes that were not reported yet.
    private let changes: Changes
    /// Where logs are sent on; `nil`: nowhere.
    private let forwarder: LogForwarder?
    private let session = KeeperLaunch.newInstance()

    private struct Worker {
        var worker: ServiceWorker
        var task: Task<Void, Never>
    }

    /// - Parameters:
    ///   - program: the version of this program.
    ///   - environment: the environment of the process, for systemd.
    package init(
        _ configuration: NodeConfiguration, program: String, environment: [String: String], logger: Logger
    ) throws {
        self.configuration = configuration
        self.program = program
        self.logger = logger
        choice = try DriverChoice(configuration.driver, .own(configuration.driver))
        // Before the source, which has to be shut down.
        _ = try configuration.masterProgram()
        source = try AdminSource(configuration)
        context = try NodeContext(configuration, driver: choice.driver, source: source, logger: logger)
        logger.info("the driver of services is \(choice.driver.rawValue)")
        changes = Changes()
        crashes = CrashWatch(context)
        forwarder = LogForwarder(configuration, context.directory, logger: logger) { [changes] in changes.note() }
        tokens = ServiceTokens(source, context)
        jobs = JobBook(context, changed: { [changes] in changes.note() })
        notifier = SystemdNotifier(environment: environment)
    }

    /// Works until the task is cancelled. Services go on.
    package func run() async {
        loadStored()
        if geteuid() == 0 { KernelSetting.migrateConnections(logger) }
        await clearBuilds()
        await follow(renewedAt: nil)
        notifier.ready()
        let logs = LogSender(source, logger: logger) { [weak self] wish, limit in
            await self?.readLog(wish, limit: limit) ?? LogReading(position: .none)
        }
        await withTaskGroup { group in
            group.addTask { await self.poll(logs) }
            group.addTask { await logs.run() }
            if let forwarder { group.addTask { await forwarder.run() } }
            group.addTask { await self.crashes.run() }
            group.addTask { [tokens] in await tokens.run { await self.assignedServices } }
            group.addTask { await self.report() }
            group.addTask { await self.collect() }
            if let watchdog = notifier.watchdog {
                group.addTask { [notifier] in
                    while !Task.isCancelled {
                        notifier.alive()
                        try? await Task.sleep(for: watchdog / 3)
                    }
                }
            }
            await group.waitForAll()
        }
        notifier.stopping()
        for worker in workers.values { worker.task.cancel() }
        await jobs.end()
        for worker in workers.values { await worker.task.value }
        await source.shutdown()
    }

    // MARK: Assignments

    private func loadStored() {
        do {
            stored = try StoredAssignments.load(context.directory)
            kept = stored
            if let stored { logger.info("the last assignments are in force: \(stored.all.count) services") }
        } catch {
            // The services stay as they are until ADMIN answers.
            let aside = "\(context.directory.assignments).unreadable"
            _ = Files.rename(context.directory.assignments, to: aside)
            logger.error("\(error) (kept as \(aside)); waiting for ADMIN")
        }
    }

    /// Ends the builds of an agent that was killed, and removes what they have made.
    private func clearBuilds() async {
        do {
            try await BlockingWork.run { [context] in try BuildWork.clear(context.directory) }
        } catch {
            logger.error("what earlier builds have left cannot be removed: \(error)")
        }
    }

    private func poll(_ logs: LogSender) async {
        // Whether the last question got no answer.
        var isAway = false
        while !Task.isCancelled {
            let pace = LeasePace.pace(of: stored?.assignments.services ?? [:])
            let interval = min(configuration.interval, pace ?? configuration.interval)
            var pause = interval
            // A lease counts from the question, not from the answer: that is never later than when ADMIN gave it.
            let askedAt = ProcessTable.bootMilliseconds
            // After a failure ADMIN holds nothing: that it answers again is to be known at once.
            let wasAway = isAway
            do {
                let answer = try await source.poll(
                    known: stored?.tag, pace: pace, logs: await logs.known, dumps: await crashes.known,
                    mayWait: !wasAway)
                isAway = false
                if let date = answer.date { context.clock.note(date, at: ProcessTable.bootMilliseconds) }
                // An ADMIN that was away may know nothing of this server.
                if answer.wantsReport || wasAway || hasReportFailed { resumeReports() }
                if answer.wasHeld || answer.wantsReport || wasAway { pause = 0 }
                if let (assignments, tag) = answer.news {
                    try await adopt(assignments, tag, askedAt)
                } else {
                    if let stored, keepingProblem != nil { keep(stored) }
                    await renewLeases(at: askedAt)
                }
                if let wanted = answer.logs { await logs.want(wanted) }
                await crashes.want(answer.dumps)
                pollProblem(nil)
            } catch is CancellationError {
                return
            } catch {
                pollProblem("\(error)")
                isAway = !(error is AssignmentsError)
                pause = interval
            }
            // An answer that was held is followed at once, and never more than a few a second.
            try? await Task.sleep(for: pause == 0 ? .milliseconds(100) : .seconds(pause))
        }
    }

    private func pollProblem(_ problem: String?) {
        guard problem != pollProblem else { return }
        if let problem {
            logger.error("\(problem)", metadata: ["event": "poll-failed"])
        } else {
            logger.info("ADMIN answers again", metadata: ["event": "poll-recovered"])
        }
        pollProblem = problem
        changes.note()
    }

    /// Renews the leases of what is assigned. Cost: the services with a lease; the first time after the start all, since
    /// a keeper may have one that was taken back meanwhile.
    private func renewLeases(at time: Int) async {
        for (name, assignment) in stored?.assignments.services ?? [:] where assignment.lease != nil || !hasRenewed {
            await workers[name]?.worker.renewLease(at: time)
        }
        hasRenewed = true
    }

    private func adopt(_ assignments: Assignments, _ tag: String?, _ askedAt: Int) async throws {
        let assignments = try checked(assignments)
        for text in refusedJobs.follow(assignments.refusedJobs) {
            logger.error("\(text)", metadata: ["event": "job-refused"])
        }
        let next =
            stored?.followed(by: assignments, tag: tag) ?? StoredAssignments(tag: tag, assignments: assignments)
        if next != stored || keepingProblem != nil { keep(next) }
        if next != stored {
            stored = next
            logger.info("assignments \(tag ?? "without a tag"): \(assignments.services.count) services")
        }
        await follow(renewedAt: askedAt)
        hasRenewed = true
    }

    private func checked(_ assignments: Assignments) throws(AssignmentsError) -> Assignments {
        do throws(AssignmentsError) {
            return try assignments.checked(for: configuration.server)
        } catch {
            let instead = stored == nil ? "all services stay as they are" : "those before stay in force"
            throw AssignmentsError("the assignments of ADMIN are refused, and \(instead): \(error)")
        }
    }

    /// Writes assignments down for the next start. Where that fails they are carried out all the same, as far as it needs
    /// no disk. A next start must not go back to services as they were to be before, so what is on the disk is removed if
    /// it says something else of them: it then starts nothing until ADMIN answers.
    private func keep(_ next: StoredAssignments) {
        do throws(FileError) {
            do throws(FileError) {
                try next.save(context.directory)
            } catch {
                guard let kept, kept.all != next.all else { throw error }
                try Files.removeDurably(context.directory.assignments)
                self.kept = nil
                // There is room now for what is not longer.
                try next.save(context.directory)
            }
            kept = next
            keepingProblem(nil)
        } catch {
            keepingProblem("the assignments are in force, and not kept for the next start: \(error)")
        }
    }

    private func keepingProblem(_ problem: String?) {
        guard problem != keepingProblem else { return }
        if let problem {
            logger.error("\(problem)", metadata: ["event": "assignments-not-kept"])
        } else {
            logger.info("the assignments are kept again", metadata: ["event": "assignments-kept"])
        }
        keepingProblem = problem
        changes.note()
    }

    /// Gives each service its assignment.
    ///
    /// - Parameter renewedAt: when ADMIN was asked for them; `nil`: they are from the disk.
    private func follow(renewedAt: Int?) async {
        let all = stored?.all ?? [:]
        let assigned = stored?.assignments.services ?? [:]
        let names = Set(all.keys).union(context.directory.services.map { ExactText($0) })
        for name in names {
            let worker = worker(name)
            await worker.follow(
                all[name].map { ServiceOrder($0) }, isAssigned: assigned[name] != nil, renewedAt: renewedAt)
        }
        // What is purged and named no more is forgotten.
        for name in Set(workers.keys).subtracting(names) { workers.removeValue(forKey: name)?.task.cancel() }
        let jobs = stored?.assignments.jobs ?? [:]
        var owners: [ExactText: ServiceWorker] = [:]
        for job in jobs.values { owners[ExactText(job.service)] = worker(ExactText(job.service)) }
        await self.jobs.follow(jobs, owners, builds: stored?.assignments.builds ?? [:])
        changes.note()
    }

    /// What ADMIN wants here, in any version.
    private var assignedServices: [String] { stored?.assignments.services.keys.map(\.wrappedValue) ?? [] }

    private func worker(_ name: ExactText) -> ServiceWorker {
        if let worker = workers[name] { return worker.worker }
        let worker = ServiceWorker(name.wrappedValue, context, tokens, changed: { [changes] in changes.note() })
        workers[name] = Worker(worker: worker, task: Task { await worker.run() })
        return worker
    }

    // MARK: Logs

    private func readLog(_ wish: LogWish, limit: Int) async -> LogReading {
        guard let worker = workers[ExactText(wish.service)]?.worker else { return LogReading(position: .none) }
        do {
            return try await worker.readLog(wish, limit: limit)
        } catch {
            logger.warning("\(wish.service): \(error)", metadata: ["event": "log-unread"])
            return LogReading(position: wish.after ?? .none)
        }
    }

    // MARK: Reports

    private func resumeReports() {
        isReportDue = true
        hasReportFailed = false
        answers.note()
        changes.note()
    }

    private func report() async {
        var composer = ReportComposer.ofServer(session: session)
        var trouble: String?
        var pause = Duration.milliseconds(200)
        var sentAt = ContinuousClock.now
        while !Task.isCancelled {
            await changes.wait(atMost: .seconds(5))
            guard !Task.isCancelled else { return }
            let report = await currentReport()
            do throws(FileError) {
                try Files.replace(context.directory.report, with: report.jsonBytes, isDurable: false)
            } catch {
                // Who reads it must not take the one before for what is now.
                Files.remove(context.directory.report)
                logger.debug("\(error)")
            }
            let isDue = isReportDue || ContinuousClock.now - sentAt >= .seconds(60)
            isReportDue = false
            guard let (message, after) = composer.message(for: report, isDue: isDue) else { continue }
            sentAt = .now
            do {
                if let answer = try await source.report(message) {
                    composer.heard(answer, to: after)
                    if answer.wantsWhole { changes.note() }
                    pause = .milliseconds(200)
                    hasReportFailed = false
                } else {
                    composer.failed()
                    pause = .seconds(30)
                }
                trouble = nil
            } catch {
                composer.failed()
                hasReportFailed = true
                pause = min(pause * 2, .seconds(30))
                if trouble != "\(error)", !(error is CancellationError) {
                    trouble = "\(error)"
                    logger.warning("no report: \(error)", metadata: ["event": "report-failed"])
                }
                changes.note()
            }
            // Several changes are one message. After a failure, an answer to a poll ends the pause.
            if hasReportFailed {
                await answers.wait(atMost: pause)
                if isReportDue { pause = .milliseconds(200) }
            } else {
                try? await Task.sleep(for: pause)
            }
        }
    }

    private func currentReport() async -> ServerReport {
        var services: [ExactText: ServerService] = [:]
        var isCarriedOut = stored != nil
        var others: [String] = []
        var untold: [String] = []
        var purged: [String] = []
        for (name, worker) in workers {
            if await worker.worker.isAssigned, await !worker.worker.isCarriedOut { isCarriedOut = false }
            // What was purged is not here any more.
            if await worker.worker.isGone {
                purged.append(name.wrappedValue)
                continue
            }
            services[name] = await worker.worker.status
            if let driver = await worker.worker.driver, driver != choice.driver { others.append(name.wrappedValue) }
            if await worker.worker.isLeaseUntold { untold.append(name.wrappedValue) }
        }
        var report = ServerReport.ofMachine(program: program, configuration)
        report.services = services
        report.purged = purged.sorted()
        let isSafe = kept == nil || kept?.all == stored?.all
        report.applied = isCarriedOut && isSafe && pollProblem == nil ? stored?.tag : nil
        report.jobs = refusedJobs.reports.merging(await jobs.reports) { _, taken in taken }
        let problems =
            [
                pollProblem, keepingProblem, refusedJobs.problem, context.clock.problem, source.problem, choice.problem,
                choice.problem(ofOthers: others), LeasePace.problem(ofUntold: untold),
            ] + (await forwarder?.problems ?? [])
        report.problems = problems.compactMap(\.self).map { ReportedText.line($0) }
        return report
    }

    // MARK: Collection

    /// Removes manifests and contents that no service needs: within a minute after a version was placed, and each hour.
    private func collect() async {
        var collected: (placements: Int, at: ContinuousClock.Instant)?
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(60))
            var isBusy = Task.isCancelled
            var placements = 0
            for worker in workers.values {
                isBusy = await worker.worker.isPlacing || isBusy
                placements += await worker.worker.placements
            }
            if let collected, collected.placements == placements, .now - collected.at < .seconds(3_600) { continue }
            guard !isBusy else { continue }
            await collectNow()
            collected = (placements, .now)
        }
    }

    private func collectNow() async {
        let context = context
        let assigned = (stored?.all ?? [:]).values.compactMap { $0.version.flatMap { ContentDigest($0) } }
        do {
            let collected = try await BlockingWork.run { try Collection(context).run(assigned: Set(assigned)) }
            guard collected.count > 0 else { return }
            logger.info("removed \(collected.count) contents, \(ByteCount.text(collected.bytes))")
        } catch {
            logger.warning("nothing was collected: \(error)")
        }
    }
}
