package import AdminAPI
import Text
package import Versions

/// What a service's assignment asks for, checked.
package struct ServiceOrder: Sendable, Hashable {
    package var desired: Assignment.Desired
    package var version: ContentDigest?
    package var drive: String?
    /// Seconds for which each answer of ADMIN lets it run; `nil`: it runs on without ADMIN.
    package var lease: Int?

    package init(_ desired: Assignment.Desired, version: ContentDigest?, drive: String? = nil, lease: Int? = nil) {
        self.lease = lease
        self.desired = desired
        self.version = version
        self.drive = drive
    }
}

/// Compares what a service should be with what it is.
package struct ServicePlanner {
    private let name: String
    private let order: ServiceOrder
    private let now: ServiceSituation
    /// Milliseconds on the boot clock.
    private let time: Int

    /// The steps from a situation to the order.
    ///
    /// - Parameter time: milliseconds on the boot clock.
    package static func plan(
        _ name: String, _ order: ServiceOrder, _ situation: ServiceSituation, at time: Int
    ) -> ServicePlan {
        ServicePlanner(name: name, order: order, now: situation, time: time).plan()
    }

    private func plan() -> ServicePlan {
        switch order.desired {
        case .running: running()
        case .stopped: stopped()
        case .absent, .purged: gone()
        }
    }

    // MARK: Versions

    /// The version that the process should have: the assigned one when it can be started, and until then the one that is
    /// there.
    private var target: ContentDigest? {
        if let version = order.version, now.placed.contains(version), problem(with: version) == nil { return version }
        // A purge that was interrupted leaves a link that leads nowhere.
        return [now.current, order.version].compactMap(\.self).first { now.placed.contains($0) }
    }

    /// Why a version that is placed cannot be started now.
    private func problem(with version: ContentDigest) -> String? {
        let known = now.versions[version] ?? VersionKnowledge()
        switch known.trust {
        case .refused(let reason): return "the version \(version.short)… is not trusted: \(reason)"
        case .unknown: return "the manifest of \(version.short)… is not here"
        case .trusted, .placedOnly: break
        }
        if let drive = known.missingDrive { return drive }
        return known.alteration.map { "the version \(version.short)… was altered: \($0)" }
    }

    /// How the assigned version comes to its place.
    private struct Placing {
        var steps: [ServiceStep] = []
        /// Why there are none, or why the last attempt failed.
        var problem: String?
        /// Whether the version is not taken, and will not be by itself.
        var isRefused = false

        /// A plan with nothing but this.
        func plan(_ state: ServerService.State) -> ServicePlan {
            var plan = ServicePlan(state: state)
            (plan.placing, plan.problem, plan.isRefused) = (steps, problem, isRefused)
            return plan
        }
    }

    /// The steps that place the assigned version or mend one that was altered, and why there are none.
    private func placing() -> Placing {
        if let altered = [order.version, target].compactMap(\.self).first(where: {
            now.placed.contains($0) && now.versions[$0]?.alteration != nil
        }) {
            return mending(altered)
        }
        guard let version = order.version else { return Placing() }
        if now.placed.contains(version) {
            switch now.versions[version]?.trust {
            case .unknown: return waiting([.fetchManifest(version)])
            case .refused: return Placing(problem: problem(with: version), isRefused: true)
            case .trusted, .placedOnly, nil: return Placing(problem: problem(with: version))
            }
        }
        switch now.versions[version]?.trust ?? .unknown {
        case .unknown:
            return waiting([.fetchManifest(version), .fetchBlobs(version), .place(version, replacing: false)])
        case .trusted: return waiting([.fetchBlobs(version), .place(version, replacing: false)])
        case .refused(let reason), .placedOnly(let reason):
            return Placing(problem: "the version \(version.short)… is not trusted: \(reason)", isRefused: true)
        }
    }

    private func mending(_ version: ContentDigest) -> Placing {
        let problem = problem(with: version)
        guard case .trusted? = now.versions[version]?.trust else { return Placing(problem: problem) }
        var mending = waiting([.fetchBlobs(version), .place(version, replacing: true)])
        mending.problem = mending.problem ?? problem
        return mending
    }

    /// The steps, unless the last attempt failed a short time ago.
    private func waiting(_ steps: [ServiceStep]) -> Placing {
        guard let trouble = now.placingTrouble else { return Placing(steps: steps) }
        return Placing(
            steps: time < trouble.retryAt ? [.pause(until: trouble.retryAt)] : steps, problem: trouble.reason,
            isRefused: trouble.isRefusal)
    }

    /// The versions that nobody needs any more.
    private var needless: [ContentDigest] {
        now.placed.filter { $0 != now.current && $0 != now.previous && $0 != order.version }.sorted()
    }

    // MARK: Running

    private func running() -> ServicePlan {
        var plan = placing().plan(.stopped)
        switch now.process {
        case .alive(let process): keep(process, &plan)
        case .ended(let process): start(after: process, &plan)
        case .none: start(after: nil, &plan)
        }
        if !isLeaseHeld { withhold(&plan) }
        if let trouble = now.processTrouble, plan.process.first?.isWait == false {
            plan.problem = trouble.reason
            if plan.state != .running { plan.state = .failing }
            if time < trouble.retryAt { plan.process = [.pause(until: trouble.retryAt)] }
        }
        if plan.isCarriedOut, plan.state == .running { plan.placing = needless.map { .remove($0) } }
        if case .alive(let process) = now.process, !process.isKept, plan.process.isEmpty {
            plan.remark = "it runs without its keeper, which was ended: a restart gives it another one"
        }
        return plan
    }

    /// Whether the service may be started as far as ADMIN is concerned.
    private var isLeaseHeld: Bool { order.lease == nil || now.leaseEnd.map { time < $0 } ?? false }

    /// Takes starts out of the plan of a service whose lease is not held. One that runs is stopped when its lease is known
    /// to be over; an agent that has not heard of ADMIN yet leaves that to its keeper.
    private func withhold(_ plan: inout ServicePlan) {
        if let target, !isRunnable(target) { return }
        switch now.process {
        case .alive(let process):
            if now.leaseEnd != nil, !process.isStopping {
                plan.state = .stopping
                plan.problem = "its lease is over: ADMIN could not be reached"
                plan.process = stop(process)
            } else if plan.process.contains(where: \.isStart) {
                plan.process = process.isStopping ? [.awaitEnd(instance: process.instance)] : []
            }
        case .ended(let process):
            plan.withhold(
                process.leaseEndedAt.map { "its lease ended at \($0): ADMIN could not be reached" } ?? Self.noLease)
        case .none: plan.withhold(Self.noLease)
        }
    }

    private static let noLease = "it has a lease, so it is not started before ADMIN can be reached"

    private func keep(_ process: LiveProcess, _ plan: inout ServicePlan) {
        guard !process.isStopping else {
            plan.state = .stopping
            plan.process = [.awaitEnd(instance: process.instance)] + startSteps(after: nil)
            return
        }
        if now.isToRestart, let target, problem(with: target) == nil {
            plan.state = .running
            plan.process = check(target) + stop(process) + startSteps(after: nil)
            return
        }
        guard let target, process.version == target else {
            // Without a version to take its place it is left alone.
            guard let target, problem(with: target) == nil else {
                plan.state = process.readyAt == nil ? .starting : .running
                if plan.problem == nil, order.version == nil { plan.problem = "no version is assigned" }
                return
            }
            plan.state = process.readyAt == nil ? .starting : .running
            plan.process = check(target) + stop(process) + startSteps(after: nil)
            return
        }
        if order.version == nil { plan.problem = "no version is assigned" }
        guard process.readyAt == nil, process.isKept else {
            plan.state = .running
            tell(process.workers, &plan)
            return
        }
        if process.hasMaster, let workers = process.workers {
            // The master starts them again, each in its time.
            plan.state = .starting
            tell(workers, &plan)
            plan.process = [.awaitReady(instance: process.instance, until: time + 1_000)]
            return
        }
        let limit = process.startedAt + (now.versions[target]?.startTimeout ?? VersionKnowledge().startTimeout)
        plan.state = .starting
        if time < limit {
            plan.process = [.awaitReady(instance: process.instance, until: limit)]
        } else {
            plan.state = .failing
            plan.problem = "it was not ready within \((limit - process.startedAt) / 1_000) s"
            plan.process = stop(process)
        }
    }

    /// Tells what its master says of workers that do not serve, and of a reload that was given up. It is as assigned as long
    /// as one worker serves.
    private func tell(_ workers: WorkersSituation?, _ plan: inout ServicePlan) {
        guard let workers else { return }
        if workers.isFailing, let problem = workers.problem {
            plan.state = .failing
            plan.problem = problem
        } else {
            let notes = [workers.problem, workers.reloadNote].compactMap(\.self)
            if !notes.isEmpty { plan.remark = notes.joined(separator: "; ") }
        }
    }

    private func start(after ended: EndedProcess?, _ plan: inout ServicePlan) {
        if let ended, isToWait(after: ended) { plan.state = .failing }
        guard let target else {
            if order.version == nil { plan.problem = "no version is assigned" }
            if !plan.placing.isEmpty, plan.problem == nil { plan.state = .installing }
            return
        }
        if let problem = problem(with: target) {
            plan.problem = plan.problem ?? problem
            return
        }
        guard isRunnable(target) else {
            // A type of files alone: its version is there, and there is no more to it.
            plan.state = now.current == target ? .running : .starting
            plan.process = now.current == target ? [] : check(target) + [.activate(target)]
            return
        }
        if plan.state != .failing { plan.state = .starting }
        plan.process = startSteps(after: ended)
        if let ended, isToWait(after: ended) {
            let pause = pauseEnd(after: ended)
            plan.problem = Self.text(of: ended)
            if time < pause { plan.process.insert(.pause(until: pause), at: 0) }
        }
    }

    /// Whether its next start has a pause before it: the same version has failed, and nobody asks for a start.
    private func isToWait(after ended: EndedProcess) -> Bool {
        ended.isFailure && ended.version == target && !now.isToRestart
    }

    private func isRunnable(_ version: ContentDigest) -> Bool { now.versions[version]?.isRunnable ?? true }

    private func check(_ version: ContentDigest) -> [ServiceStep] {
        now.versions[version]?.isChecked ?? false ? [] : [.check(version)]
    }

    private func stop(_ process: LiveProcess) -> [ServiceStep] {
        let order = process.isKept ? ServiceStep.stop(instance: process.instance) : .end(instance: process.instance)
        return [order, .awaitEnd(instance: process.instance)]
    }

    private func startSteps(after ended: EndedProcess?) -> [ServiceStep] {
        guard let target, problem(with: target) == nil else { return [] }
        let activate: [ServiceStep] = now.current == target ? [] : [.activate(target)]
        let start: [ServiceStep] = isRunnable(target) ? [.start(target, count(after: ended, target))] : []
        return check(target) + activate + start
    }

    private func count(after ended: EndedProcess?, _ version: ContentDigest) -> StartCount {
        guard let ended, ended.version == version else { return StartCount() }
        guard isToWait(after: ended) else { return StartCount(failures: 0, restarts: ended.starts.restarts) }
        return StartCount(failures: failures(after: ended), restarts: ended.starts.restarts + 1)
    }

    private func failures(after ended: EndedProcess) -> Int {
        (ended.readyFor ?? 0 >= Backoff.forgotten ? 0 : ended.starts.failures) + 1
    }

    private func pauseEnd(after ended: EndedProcess) -> Int {
        (ended.endedAt ?? 0) + Backoff.pause(after: failures(after: ended), seed: name)
    }

    /// How it ended, as a sentence.
    static func text(of ended: EndedProcess) -> String {
        let ending: String
        switch ended.end {
        case .exited(0) where ended.left > 0 && !ended.hadMaster: return LeftProcesses.text(ended.left)
        case .exited(let status) where ended.isOutOfMemory:
            ending = "it ended with status \(status), since the kernel ended a process of it: \(memoryLimit)"
        case .exited(let status) where ended.hadMaster:
            ending =
                ended.masterProblem.map { "it cannot be started: \($0)" } ?? "its master ended with status \(status)"
        case .killed(let signal) where ended.hadMaster: ending = "signal \(signal) ended its master again and again"
        case .exited(let status): ending = "it ended by itself with status \(status)"
        case .killed(9) where ended.isOutOfMemory: ending = "the kernel ended it: \(memoryLimit)"
        case .killed(let signal): ending = "signal \(signal) ended it"
        case .failed(let reason): ending = "it cannot be started: \(reason)"
        case .unseen: ending = "it ended, and nobody saw how"
        }
        let failures = ended.starts.failures + 1
        let late = ended.wasStopped ? "it was stopped, since it was not ready in time" : ending
        return failures > 1 ? "\(late); \(failures) failures in a row" : late
    }

    private static let memoryLimit = "it needed more memory than its limit allows"

    // MARK: Not running

    private func stopped() -> ServicePlan {
        var plan = placing().plan(.stopped)
        if !plan.placing.isEmpty, plan.problem == nil { plan.state = .installing }
        ending(&plan)
        if plan.process.isEmpty, let version = order.version, now.placed.contains(version), now.current != version,
            problem(with: version) == nil
        {
            plan.process = check(version) + [.activate(version)]
        }
        if plan.isCarriedOut, plan.placing.isEmpty { plan.placing = needless.map { .remove($0) } }
        return plan
    }

    private func gone() -> ServicePlan {
        var plan = ServicePlan(state: .absent)
        ending(&plan)
        // When it comes back, that is no second attempt.
        if case .ended = now.process, order.desired == .absent { plan.process.append(.forget) }
        if order.desired == .purged, now.hasDirectory { plan.process.append(.purge) }
        if let trouble = now.processTrouble, plan.process.first?.isWait == false {
            plan.problem = trouble.reason
            if time < trouble.retryAt { plan.process = [.pause(until: trouble.retryAt)] }
        }
        return plan
    }

    private func ending(_ plan: inout ServicePlan) {
        guard case .alive(let process) = now.process else { return }
        plan.state = .stopping
        plan.process = process.isStopping ? [.awaitEnd(instance: process.instance)] : stop(process)
    }
}
