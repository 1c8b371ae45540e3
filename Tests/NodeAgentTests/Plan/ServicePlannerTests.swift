import AdminAPI
import NodeAgent
import Testing
import Versions

@Suite struct ServicePlannerTests {
    private let one = digest(1)
    private let two = digest(2)

    /// What there is when version 1 runs.
    private func serving() -> ServiceSituation {
        var situation = ServiceSituation()
        situation.placed = [one]
        situation.current = one
        situation.hasDirectory = true
        situation.process = .alive(LiveProcess(instance: "a", version: one, startedAt: 0, readyAt: 100))
        for digest in [one, two] {
            situation.versions[digest] = VersionKnowledge(trust: .trusted)
            situation.versions[digest]?.isChecked = true
        }
        return situation
    }

    private func plan(_ order: ServiceOrder, _ situation: ServiceSituation, at time: Int = 10_000) -> ServicePlan {
        ServicePlanner.plan("pgw.1", order, situation, at: time)
    }

    @Test func aNewServiceIsFetchedPlacedAndStarted() {
        let plan = plan(ServiceOrder(.running, version: one), ServiceSituation())
        #expect(plan.placing == [.fetchManifest(one), .fetchBlobs(one), .place(one, replacing: false)])
        #expect(plan.process.isEmpty)
        #expect(plan.state == .installing)
    }

    @Test func aRestartEndsTheProcessWithItsKeeperOrWithout() {
        let order = ServiceOrder(.running, version: one)
        let rest = [ServiceStep.awaitEnd(instance: "a"), .start(one, StartCount())]
        var situation = serving()
        situation.isToRestart = true
        #expect(plan(order, situation).process == [.stop(instance: "a")] + rest)
        guard case .alive(var process) = situation.process else { return }
        process.isKept = false
        situation.process = .alive(process)
        #expect(plan(order, situation).process == [.end(instance: "a")] + rest)
        process.isStopping = true
        situation.process = .alive(process)
        #expect(plan(order, situation).process == rest)
        // Nothing is ended that cannot be started again.
        process.isStopping = false
        situation.process = .alive(process)
        situation.versions[one]?.trust = .refused("its key is not here")
        #expect(plan(order, situation).process.isEmpty)
    }

    /// What there is when version 1 runs under a master.
    private func mastered(_ workers: [WorkersSituation.Worker]?, readyAt: Int?) -> ServiceSituation {
        var situation = serving()
        var process = LiveProcess(instance: "a", version: one, startedAt: 0, readyAt: readyAt)
        process.hasMaster = true
        process.workers = workers.map { WorkersSituation(workers: $0) }
        situation.process = .alive(process)
        return situation
    }

    private func worker(_ number: Int, _ state: WorkersSituation.State, ended: Bool = false) -> WorkersSituation.Worker
    {
        var worker = WorkersSituation.Worker(number: number, state: state, since: "2026-11-29T10:00:00Z")
        if ended { worker.lastEnd = .exited(7) }
        return worker
    }

    @Test func theNodeLeavesWorkersToTheirMaster() {
        let order = ServiceOrder(.running, version: one)
        // Long after the time in which it should have been ready.
        let starting = plan(order, mastered([worker(0, .starting)], readyAt: nil), at: 1_000_000)
        #expect(starting.state == .starting && starting.process.map(\.isWait) == [true] && !starting.isCarriedOut)
        let failing = plan(order, mastered([worker(0, .waiting, ended: true)], readyAt: nil), at: 1_000_000)
        #expect(failing.state == .failing && failing.problem == "it ended by itself with status 7")
        #expect(failing.process.map(\.isWait) == [true])
        // A master that says nothing is stopped, and started again.
        let silent = plan(order, mastered(nil, readyAt: nil), at: 1_000_000)
        #expect(silent.state == .failing && silent.process.first == .stop(instance: "a"))
    }

    @Test func aServiceRunsAsLongAsOneWorkerServes() {
        let order = ServiceOrder(.running, version: one)
        let some = plan(order, mastered([worker(1, .ready), worker(2, .waiting, ended: true)], readyAt: 100))
        #expect(some.state == .running && some.isCarriedOut)
        #expect(some.remark == "1 of 2 workers are ready; worker 2: it ended by itself with status 7")
        let none = plan(order, mastered([worker(1, .waiting, ended: true), worker(2, .starting)], readyAt: 100))
        #expect(none.state == .failing && none.problem?.hasPrefix("0 of 2 workers are ready") == true)
        let all = plan(order, mastered([worker(1, .ready), worker(2, .ready, ended: true)], readyAt: 100))
        #expect(all.state == .running && all.isCarriedOut && all.remark == nil && all.problem == nil)
    }

    @Test func aReloadThatWasGivenUpIsARemark() {
        let order = ServiceOrder(.running, version: one)
        var situation = mastered([worker(1, .ready), worker(2, .waiting, ended: true)], readyAt: 100)
        guard case .alive(var process) = situation.process else { return }
        process.workers?.reloadProblem = "worker 1: it refused the configuration: line 3"
        process.workers?.reloadedAt = "2026-11-29T10:00:00Z"
        situation.process = .alive(process)
        let text =
            "its workers were not all reloaded or restarted at 2026-11-29T10:00:00Z: worker 1: it refused the "
            + "configuration: line 3"
        let both = plan(order, situation)
        #expect(both.remark == "1 of 2 workers are ready; worker 2: it ended by itself with status 7; \(text)")
        process.workers?.workers = [worker(1, .ready)]
        situation.process = .alive(process)
        #expect(plan(order, situation).remark == text && plan(order, situation).isCarriedOut)
        // While the next one is under way, the last one says nothing.
        process.workers?.isReloading = true
        situation.process = .alive(process)
        #expect(plan(order, situation).remark == nil)
    }

    @Test func aRestartOfWhatHasEndedHasNoPause() {
        var situation = serving()
        var ended = EndedProcess(version: one, end: .exited(78), endedAt: 9_999)
        ended.starts = StartCount(failures: 5, restarts: 7)
        situation.process = .ended(ended)
        let order = ServiceOrder(.running, version: one)
        #expect(plan(order, situation).process.first?.isWait == true && plan(order, situation).state == .failing)
        situation.isToRestart = true
        #expect(plan(order, situation).process == [.start(one, StartCount(failures: 0, restarts: 7))])
        #expect(plan(order, situation).state == .starting)
    }

    @Test func theEndOfAMasterIsTold() {
        var situation = serving()
        var ended = EndedProcess(version: one, end: .exited(78), endedAt: 9_000)
        ended.hadMaster = true
        ended.masterProblem = "http: 0.0.0.0:80: Address already in use"
        situation.process = .ended(ended)
        let order = ServiceOrder(.running, version: one)
        #expect(plan(order, situation).problem == "it cannot be started: http: 0.0.0.0:80: Address already in use")
        ended.end = .killed(signal: 11)
        situation.process = .ended(ended)
        #expect(plan(order, situation).problem == "signal 11 ended its master again and again")
    }

    @Test func aServiceWithoutItsKeeperIsAsAssignedAndSaysSo() {
        var situation = serving()
        #expect(plan(ServiceOrder(.running, version: one), situation).remark == nil)
        guard case .alive(var process) = situation.process else { return }
        process.isKept = false
        situation.process = .alive(process)
        let plan = plan(ServiceOrder(.running, version: one), situation)
        #expect(plan.isCarriedOut && plan.state == .running)
        #expect(plan.remark == "it runs without its keeper, which was ended: a restart gives it another one")
    }

    @Test func whatRunsAsAssignedIsLeftAlone() {
        let plan = plan(ServiceOrder(.running, version: one), serving())
        #expect(plan.steps.isEmpty && plan.isCarriedOut && plan.state == .running && plan.problem == nil)
    }

    @Test func anUpgradeStopsNothingBeforeTheNewVersionIsPlaced() {
        var situation = serving()
        let order = ServiceOrder(.running, version: two)
        var plan = plan(order, situation)
        #expect(plan.placing == [.fetchBlobs(two), .place(two, replacing: false)])
        #expect(plan.process.isEmpty && plan.state == .running && !plan.isCarriedOut)
        situation.placed.insert(two)
        plan = self.plan(order, situation)
        #expect(
            plan.process == [
                .stop(instance: "a"), .awaitEnd(instance: "a"), .activate(two), .start(two, StartCount()),
            ])
        #expect(plan.placing.isEmpty)
    }

    @Test func theOldVersionIsStartedAgainWhileTheNewOneCannotBePlaced() {
        var situation = serving()
        situation.versions[two] = VersionKnowledge()
        situation.placingTrouble = .init(reason: "no space", retryAt: 20_000)
        var ended = EndedProcess(version: one, end: .killed(signal: 11), endedAt: 9_990)
        ended.readyFor = 700_000
        situation.process = .ended(ended)
        let order = ServiceOrder(.running, version: two)
        #expect(plan(order, situation).process.last == .start(one, StartCount(failures: 1, restarts: 1)))
        #expect(plan(order, situation).placing == [.pause(until: 20_000)])
        #expect(plan(order, situation, at: 19_000).process == [.start(one, StartCount(failures: 1, restarts: 1))])
    }

    @Test func aVersionThatIsTrustedNoMoreGoesOnAndIsNotStarted() {
        var situation = serving()
        situation.versions[one]?.trust = .refused("it is not signed")
        let order = ServiceOrder(.running, version: one)
        #expect(plan(order, situation).process.isEmpty)
        #expect(plan(order, situation).problem?.contains("it is not signed") == true)
        situation.process = .none
        #expect(plan(order, situation).process.isEmpty)
    }

    @Test func aVersionThatIsNotTakenIsRefusedAndOneThatCouldNotBeFetchedIsNot() {
        let order = ServiceOrder(.running, version: two)
        var situation = serving()
        #expect(!plan(order, situation).isRefused)
        for trust in [VersionKnowledge.Trust.refused("it is not signed"), .placedOnly("the key has ended")] {
            situation.versions[two]?.trust = trust
            #expect(plan(order, situation).isRefused && plan(order, situation).state == .running)
            #expect(plan(ServiceOrder(.stopped, version: two), situation).isRefused)
        }
        situation.versions[two] = VersionKnowledge()
        for isRefusal in [true, false] {
            situation.placingTrouble = .init(reason: "no", retryAt: 20_000, isRefusal: isRefusal)
            #expect(plan(order, situation).isRefused == isRefusal)
        }
        // What is here and may be started is not refused, whatever became of an attempt.
        situation.versions[two]?.trust = .placedOnly("the key has ended")
        situation.placed.insert(two)
        #expect(!plan(order, situation).isRefused)
    }

    @Test func aKeyThatHasEndedLetsAPlacedVersionStart() {
        var situation = serving()
        situation.versions[one]?.trust = .placedOnly("the key has ended")
        situation.process = .none
        #expect(plan(ServiceOrder(.running, version: one), situation).process == [.start(one, StartCount())])
    }

    @Test func anAlteredVersionIsMendedAndNotStarted() {
        var situation = serving()
        situation.process = .none
        situation.versions[one]?.alteration = "bin/run has another content"
        let plan = plan(ServiceOrder(.running, version: one), situation)
        #expect(plan.process.isEmpty)
        #expect(plan.placing == [.fetchBlobs(one), .place(one, replacing: true)])
    }

    @Test func filesAreComparedBeforeAStartAndBeforeTheOldVersionIsStopped() {
        var situation = serving()
        situation.placed = [one, two]
        situation.versions[two]?.isChecked = false
        #expect(plan(ServiceOrder(.running, version: two), situation).process.first == .check(two))
    }

    @Test func whatIsNotReadyInTimeIsStopped() {
        var situation = serving()
        situation.process = .alive(LiveProcess(instance: "a", version: one, startedAt: 1_000))
        situation.versions[one]?.startTimeout = 5_000
        let order = ServiceOrder(.running, version: one)
        #expect(plan(order, situation, at: 5_000).process == [.awaitReady(instance: "a", until: 6_000)])
        #expect(plan(order, situation, at: 5_000).state == .starting)
        #expect(plan(order, situation, at: 6_000).process == [.stop(instance: "a"), .awaitEnd(instance: "a")])
    }

    @Test func aProcessWithoutKeeperIsEndedByTheAgent() {
        var situation = serving()
        var process = LiveProcess(instance: "a", version: one, startedAt: 0, readyAt: 1)
        process.isKept = false
        situation.process = .alive(process)
        #expect(plan(ServiceOrder(.running, version: one), situation).steps.isEmpty)
        #expect(plan(ServiceOrder(.stopped, version: one), situation).process.first == .end(instance: "a"))
    }

    @Test func anAbsentServiceStopsAndKeepsItsDirectory() {
        #expect(
            plan(ServiceOrder(.absent, version: one), serving()).process == [
                .stop(instance: "a"), .awaitEnd(instance: "a"),
            ])
        #expect(plan(ServiceOrder(.purged, version: nil), serving()).process.last == .purge)
        var situation = serving()
        situation.process = .none
        #expect(plan(ServiceOrder(.absent, version: one), situation).isCarriedOut)
        situation.hasDirectory = false
        #expect(plan(ServiceOrder(.purged, version: nil), situation).isCarriedOut)
    }

    @Test func withoutAnAssignedVersionWhatRunsGoesOn() {
        let plan = plan(ServiceOrder(.running, version: nil), serving())
        #expect(plan.steps.isEmpty && plan.problem == "no version is assigned" && plan.state == .running)
    }

    @Test func aVersionWithoutAProgramIsOnlyPlaced() {
        var situation = serving()
        situation.process = .none
        situation.placed = [one, two]
        situation.versions[two]?.isRunnable = false
        let order = ServiceOrder(.running, version: two)
        #expect(plan(order, situation).process == [.activate(two)])
        situation.current = two
        #expect(plan(order, situation).isCarriedOut && plan(order, situation).state == .running)
    }

    @Test func needlessVersionsGoOnceAllIsWell() {
        var situation = serving()
        situation.previous = two
        situation.placed = [one, two, digest(3), digest(4)]
        let plan = plan(ServiceOrder(.running, version: one), situation)
        #expect(Set(plan.placing) == [.remove(digest(3)), .remove(digest(4))] && plan.isCarriedOut)
    }

    @Test func aMissingDriveIsTold() {
        var situation = serving()
        situation.process = .none
        situation.versions[one]?.missingDrive = "the directory data is on a drive, and none is assigned"
        let plan = plan(ServiceOrder(.running, version: one), situation)
        #expect(plan.process.isEmpty && plan.problem?.contains("drive") == true)
    }

    @Test func failuresMakePausesThatGrowAndAreForgotten() {
        let pauses = (1...12).map { Backoff.pause(after: $0, seed: "pgw.1") }
        #expect(pauses == pauses.sorted() && pauses[0] >= 750 && pauses[0] <= 1_000)
        #expect(pauses[11] >= 45_000 && pauses[11] <= 60_000 && Backoff.pause(after: 0, seed: "") == 0)
        var situation = serving()
        var ended = EndedProcess(version: one, end: .exited(1), endedAt: 10_000)
        ended.starts = StartCount(failures: 4, restarts: 9)
        ended.readyFor = 1_000
        situation.process = .ended(ended)
        let order = ServiceOrder(.running, version: one)
        #expect(plan(order, situation).process.last == .start(one, StartCount(failures: 5, restarts: 10)))
        #expect(plan(order, situation).process.first?.isWait == true && plan(order, situation).state == .failing)
        ended.readyFor = Backoff.forgotten
        situation.process = .ended(ended)
        #expect(plan(order, situation).process.last == .start(one, StartCount(failures: 1, restarts: 10)))
        // An end that was ordered is none.
        ended.wasStopped = true
        situation.process = .ended(ended)
        #expect(plan(order, situation).process == [.start(one, StartCount(failures: 0, restarts: 9))])
    }

    @Test func everyStepHasWords() {
        let steps: [ServiceStep] = [
            .fetchManifest(one), .fetchBlobs(one), .place(one, replacing: false), .place(one, replacing: true),
            .remove(one), .check(one), .stop(instance: "a"), .end(instance: "a"), .activate(one),
            .start(one, StartCount(failures: 2)), .purge, .awaitEnd(instance: "a"),
            .awaitReady(instance: "a", until: 0), .pause(until: 3_500),
        ]
        #expect(Set(steps.map { $0.text(now: 1_000) }).count == steps.count)
        #expect(ServiceStep.pause(until: 3_500).text(now: 1_000) == "wait 3 s")
    }
}
