import AdminAPI
import Cloud
import Foundation
import Logging
import ServiceSupport
import Text
import Versions

/// Keeps one service as its assignment says. Whatever it does it plans anew from what it sees, so it goes on wherever an
/// earlier agent was ended.
actor ServiceWorker {
    /// How long a start waits for the service's token.
    private static let tokenPatience = Duration.seconds(3)

    let name: String
    let context: NodeContext
    private(set) var order: ServiceOrder?
    private(set) var isAssigned = false
    private var observer: ServiceObserver
    private var memory = ServiceMemory()
    private var placing: Task<Void, Never>?
    private var placingVersion: ContentDigest?
    /// Keeps what was fetched from collections until the version is placed.
    private var session: StoreSession?
    private var wake: CheckedContinuation<Void, Never>?
    private var isWoken = false
    private var alarm: Task<Void, Never>?
    private(set) var status: ServerService
    /// Whether the service is as its assignment says.
    private(set) var isCarriedOut = false
    /// Whether it was to be purged, and nothing of it is left.
    private(set) var isGone = false
    private var lastRotation = 0
    /// The version of the order that this turn is about.
    private var wanted: ContentDigest?
    private var calm: Calm?
    /// When the last answer of ADMIN that assigns it was asked for, in milliseconds on the boot clock; `nil`: this agent
    /// has had none.
    private var renewedAt: Int?
    /// Whether its keeper could not be told of its lease.
    private(set) var isLeaseUntold = false
    /// What the service runs under; `nil`: it does not run.
    private(set) var driver: ServiceDriver?
    private let tokens: ServiceTokens
    private let changed: @Sendable () -> Void

    /// - Parameter changed: called when there is something new to report.
    init(_ name: String, _ context: NodeContext, _ tokens: ServiceTokens, changed: @escaping @Sendable () -> Void) {
        self.name = name
        self.context = context
        self.tokens = tokens
        self.changed = changed
        observer = ServiceObserver(name, context.directory, context.shelf)
        status = ServerService(state: .absent, since: Date().formatted(.iso8601), isAssigned: false)
    }

    /// Gives it an assignment; `nil`: there is none, and it stays as it is.
    ///
    /// - Parameter renewedAt: when ADMIN's answer with it was asked for; `nil`: it is not from ADMIN.
    func follow(_ order: ServiceOrder?, isAssigned: Bool, renewedAt: Int?) {
        self.isAssigned = isAssigned
        // Whoever is not assigned any more may run elsewhere.
        defer { if let renewedAt, isAssigned { renewLease(at: renewedAt) } }
        guard order != self.order else { return }
        if order?.version != self.order?.version {
            memory.forgetPlacing()
            // What another version is fetched for is not needed any more.
            if placingVersion != order?.version { placing?.cancel() }
        }
        memory.processTrouble = nil
        calm = nil
        self.order = order
        isCarriedOut = false
        isGone = false
        wakeUp()
    }

    /// Has a start of the service ended, as when it is to be stopped, and followed by another one. One that has ended by
    /// itself is followed by the next without a pause.
    func restart(_ instance: String) {
        if memory.restart.map({ !$0.isExactly(instance) }) ?? true {
            memory.restart = instance
            memory.processTrouble = nil
            calm = nil
        }
        wakeUp()
    }

    /// Whether its assignment has it run.
    var isToRun: Bool { order?.desired == .running }

    /// Notes an answer of ADMIN that assigns it, and tells its keeper.
    func renewLease(at time: Int) {
        let wasOver = leaseEnd.map { $0 <= time } ?? true
        renewedAt = time
        if order?.lease != nil, wasOver { wakeUp() }
        tellLease(process().record)
    }

    /// Milliseconds on the boot clock; `nil`: it has no lease, or this agent does not know.
    private var leaseEnd: Int? {
        guard let lease = order?.lease, let renewedAt else { return nil }
        return renewedAt + lease * 1_000
    }

    /// For a start: the planner has seen that it is held.
    private var lease: ServiceLease? {
        guard let seconds = order?.lease, let leaseEnd else { return nil }
        return ServiceLease(seconds: seconds, end: leaseEnd)
    }

    /// Tells the keeper when the lease ends. Only what ADMIN has said to this agent counts.
    private func tellLease(_ record: KeeperRecord?) {
        guard renewedAt != nil, let record, record.ended == nil, record.stopping == nil,
            record.isLeased || order?.lease != nil, record.keeper.map(ProcessTable.lives) ?? false
        else {
            isLeaseUntold = false
            return
        }
        isLeaseUntold = !process().renewLease(of: record.instance, until: leaseEnd)
    }

    /// Makes it look again now.
    func wakeUp() {
        isWoken = true
        wake?.resume()
        wake = nil
    }

    /// How often something was fetched or removed.
    private(set) var placements = 0
    /// Whether something of it is being fetched or placed.
    var isPlacing: Bool { placing != nil }

    /// Works until it is cancelled, or the service is purged and not assigned any more.
    func run() async {
        while !Task.isCancelled {
            let pause = await turn()
            if pause > 0 { await sleep(milliseconds: pause) }
        }
        placing?.cancel()
        await placing?.value
    }

    // MARK: A turn

    /// Looks, plans, and carries out one step. Returns the milliseconds until the next look.
    private func turn() async -> Int {
        let now = ProcessTable.bootMilliseconds
        // Before the situation is looked at: what changes meanwhile is then seen at the next turn.
        let workers = MasterState.identity(context.directory.master(of: name))
        if let calm, calm.holds(at: now, context.directory.process(of: name), workers: workers) {
            rotateIfDue(at: now)
            return 200
        }
        calm = nil
        do {
            let order = order ?? ServiceOrder(.running, version: nil)
            wanted = order.version
            var situation = try observer.look(order)
            memory.add(to: &situation)
            situation.leaseEnd = leaseEnd
            driver = nil
            if case .alive(let live) = situation.process {
                driver = live.driver
                if renewedAt != nil, live.isLeased != (order.lease != nil) { tellLease(process().record) }
            }
            // A version counts as placed when its attempt is over: only then it is known that nothing is to be compared.
            if let version = placingVersion, situation.current != version { situation.placed.remove(version) }
            var plan = ServicePlanner.plan(name, order, situation, at: now)
            if self.order == nil { plan.leaveAlone() }
            note(plan, situation)
            rotateIfDue(at: now)
            startPlacing(plan.placing, order)
            guard let step = plan.process.first else {
                if plan.steps.isEmpty, placing == nil, self.order != nil {
                    calm = Calm(situation, process(), workers: workers, at: now)
                }
                return 200
            }
            switch step {
            case .awaitEnd(let instance):
                endUnkept(instance, situation)
                return 30
            case .awaitReady: return plan.state == .failing ? 200 : 50
            case .pause(let until): return max(10, min(until - now, 200))
            default: break
            }
            await carryOut(step, situation)
            return 0
        } catch {
            report(.failing, "\(error)", nil)
            return 1_000
        }
    }

    private func process() -> ServiceProcess { context.directory.process(of: name) }

    private func carryOut(_ step: ServiceStep, _ situation: ServiceSituation) async {
        context.logger.info("\(name): \(step.text(now: ProcessTable.bootMilliseconds))")
        do {
            try await perform(step, situation)
            memory.processTrouble = nil
            memory.processFailures = 0
        } catch is CancellationError {
        } catch {
            memory.processFailed("\(error)", service: name)
            context.logger.error("\(name): \(error)", metadata: ["event": "step-failed"])
        }
    }

    private func perform(_ step: ServiceStep, _ situation: ServiceSituation) async throws {
        let process = context.directory.process(of: name)
        switch step {
        case .check(let digest): try await check(digest)
        case .stop(let instance):
            process.stop(instance: instance)
            memory.stopped = instance
            // The keeper writes down that it has the order.
            try await Task.sleep(for: .milliseconds(10))
        case .end(let instance):
            memory.endOrder = ServiceMemory.EndOrder(instance: instance, at: ProcessTable.bootMilliseconds)
            var signal = SIGTERM
            // A master stops its workers by their own signal.
            if case .alive(let live) = situation.process, !live.hasMaster, let run = run(live) {
                signal = run.stopSignal.number
            }
            process.end(instance: instance, signal: signal, isLast: false)
        case .activate(let digest): try ServiceFolder(opening: context.directory.folder(of: name)).activate(digest)
        case .start(let digest, let count):
            guard let facts = observer.facts(of: digest) else {
                throw VersionRefusal("the manifest \(digest.short)… is not here")
            }
            let start = ServiceStart(
                name: name, digest: digest, facts: facts, drive: order?.drive, context: context, lease: lease)
            try await BlockingWork.run { try start.prepare() }
            await tokens.get(name, within: Self.tokenPatience)
            try await BlockingWork.run { try start.run(count) }
        case .forget:
            let (own, name) = (context.directory.own, name)
            _ = try await BlockingWork.run {
                try Directory.open(own).directory("run")?.directory(name)?.removeAll("state")
            }
        case .purge:
            let purge = ServicePurge(name: name, facts: removal(situation), context: context)
            try await BlockingWork.run { try purge.run() }
            memory.checked = []
            memory.alterations = [:]
        case .fetchManifest, .fetchBlobs, .place, .remove, .awaitEnd, .awaitReady, .pause: break
        }
    }

    /// The manifest that says what is removed with the service.
    private func removal(_ situation: ServiceSituation) -> ManifestFacts? {
        (situation.current ?? order?.version).flatMap { observer.facts(of: $0) }
    }

    /// How the program of a process is asked to end, by the manifest of its version.
    private func run(_ process: LiveProcess) -> RunSection? {
        process.version.flatMap { observer.facts(of: $0) }?.run
    }

    /// Goes on to end processes without a keeper: what does not end by itself is killed.
    private func endUnkept(_ instance: String, _ situation: ServiceSituation) {
        guard let order = memory.endOrder, order.instance.isExactly(instance),
            case .alive(let process) = situation.process, !process.isKept
        else { return }
        // Without its program the rest gets no time of its own.
        var limit = process.version == nil ? 1 : run(process)?.stopTimeout ?? 10
        if process.hasMaster, process.version != nil { limit += MasterCommand.stopMargin }
        guard ProcessTable.bootMilliseconds - order.at > limit * 1_000 else { return }
        context.directory.process(of: name).end(instance: instance, signal: SIGKILL, isLast: true)
    }

    private func check(_ digest: ContentDigest) async throws {
        let (context, name) = (context, name)
        let faults = try await BlockingWork.run {
            try ServiceFolder(opening: context.directory.folder(of: name)).check(
                try context.shelf.manifest(digest), digest)
        }
        memory.checked.insert(digest)
        memory.alterations[digest] = faults.first.map { fault in
            "\(fault)" + (faults.count > 1 ? ", and \(faults.count - 1) more" : "")
        }
        if let fault = memory.alterations[digest] {
            context.logger.error("\(name): \(digest.short)… was altered: \(fault)", metadata: ["event": "altered"])
        }
    }

    // MARK: Placing

    private func startPlacing(_ steps: [ServiceStep], _ order: ServiceOrder) {
        guard placing == nil, let first = steps.first, !first.isWait else { return }
        placingVersion = order.version
        placing = Task {
            await self.place(steps, order)
        }
    }

    private func place(_ steps: [ServiceStep], _ order: ServiceOrder) async {
        do {
            for step in steps {
                try Task.checkCancellation()
                context.logger.info("\(name): \(step.text(now: ProcessTable.bootMilliseconds))")
                try await perform(placing: step)
            }
            memory.forgetPlacing()
            placements += 1
        } catch {
            session = nil
            if order.version == self.order?.version, !(error is CancellationError) {
                memory.placingFailed(error, service: name)
                context.logger.error("\(name): \(error)", metadata: ["event": "placing-failed"])
            }
        }
        placing = nil
        placingVersion = nil
        wakeUp()
    }

    private func perform(placing step: ServiceStep) async throws {
        let placer = VersionPlacer(name: name, context: context)
        switch step {
        case .fetchManifest(let digest): try await placer.fetchManifest(digest)
        case .fetchBlobs(let digest):
            session = try await placer.fetchBlobs(digest, isAltered: memory.alterations[digest] != nil)
        case .place(let digest, let replacing):
            guard let session else { throw VersionRefusal("nothing was fetched of \(digest.short)…") }
            try await placer.place(digest, session, replacing: replacing)
            self.session = nil
            memory.checked.insert(digest)
            memory.alterations[digest] = nil
        case .remove(let digest):
            try await placer.remove(digest)
            memory.checked.remove(digest)
            memory.alterations[digest] = nil
        default: break
        }
    }

    // MARK: Reports

    private func note(_ plan: ServicePlan, _ situation: ServiceSituation) {
        isCarriedOut = order != nil && plan.isCarriedOut
        let isGone =
            order?.desired == .purged && isCarriedOut && !situation.hasDirectory && situation.process == .none
        if isGone != self.isGone {
            self.isGone = isGone
            changed()
        }
        var version = situation.current
        var restarts = 0
        var workers: [WorkerReport] = []
        var masterRestarts: MasterRestarts?
        switch situation.process {
        case .alive(let process):
            masterRestarts = process.masterRestarts
            version = process.version ?? version
            restarts = process.starts.restarts + (process.workers?.restarts ?? 0)
            workers = process.workers?.reports ?? []
        case .ended(let process): restarts = process.version == version ? process.starts.restarts : 0
        case .none: break
        }
        report(
            plan.state, plan.problem ?? plan.remark, version, previous: situation.previous, restarts: restarts,
            isRefused: plan.isRefused, workers: workers, masterRestarts: masterRestarts)
    }

    private func report(
        _ state: ServerService.State, _ problem: String?, _ version: ContentDigest?, previous: ContentDigest? = nil,
        restarts: Int = 0, isRefused: Bool = false, workers: [WorkerReport] = [], masterRestarts: MasterRestarts? = nil
    ) {
        var next = status
        next.masterRestarts = masterRestarts
        next.isRefused = isRefused
        next.workers = workers
        next.state = state
        next.version = version.map { "\($0)" } ?? (problem == nil ? nil : status.version)
        next.previous = previous.map { "\($0)" }
        next.wanted = wanted.map { "\($0)" }
        next.isAssigned = isAssigned
        next.restarts = min(restarts, Limits.reportedCount)
        next.problem = problem.map { ReportedText.line($0) }
        // An agent that has just started goes by what keepers have written down.
        if next.state != status.state { next.since = (process().record?.since(state) ?? Date()).formatted(.iso8601) }
        guard next != status else { return }
        if let problem = next.problem, problem != status.problem {
            context.logger.warning("\(name): \(problem)", metadata: ["event": "problem"])
        } else if next.state != status.state {
            context.logger.info("\(name): \(next.state.rawValue)")
        }
        status = next
        changed()
    }

    /// Keeps the log of a service small that an earlier node has started. Otherwise its master does so.
    private func rotateIfDue(at now: Int) {
        guard now - lastRotation > 5_000 else { return }
        lastRotation = now
        let log = context.directory.log(of: name)
        guard !log.isMasters else { return }
        do {
            try ServiceProcess(directory: process().directory, log: log.path).rotateLog(
                limit: context.configuration.logSize << 20, kept: context.configuration.logFiles)
        } catch {
            context.logger.warning("\(name): \(error)")
        }
    }

    /// Reads the service's log: here, so that it is not rotated meanwhile.
    ///
    /// - Parameter limit: bytes of text at most.
    func readLog(_ wish: LogWish, limit: Int) throws(FileError) -> LogReading {
        try LogReader(context.directory.log(of: name), kept: context.configuration.logFiles).read(wish, limit: limit)
    }

    // MARK: Sleeping

    private func sleep(milliseconds: Int) async {
        guard !isWoken else {
            isWoken = false
            return
        }
        let alarm = Task {
            // One that is cancelled wakes nobody: it would be the next sleep, whose alarm would then wake the one after it.
            guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
            self.wakeUp()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { wake = $0 }
        } onCancel: {
            Task { await self.wakeUp() }
        }
        alarm.cancel()
        isWoken = false
    }
}

extension ServicePlan {
    /// Leaves nothing to do, for a service of which ADMIN has never said anything here.
    fileprivate mutating func leaveAlone() {
        placing = []
        process = []
        problem = nil
        isRefused = false
        remark = nil
    }
}
