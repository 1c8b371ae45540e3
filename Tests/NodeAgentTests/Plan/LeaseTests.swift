import AdminAPI
import NodeAgent
import Testing
import Versions

/// Services that may run at one place only.
@Suite struct LeaseTests {
    private let one = digest(1)
    private let two = digest(2)
    private let now = 100_000

    private func plan(_ order: ServiceOrder, _ situation: ServiceSituation) -> ServicePlan {
        ServicePlanner.plan("pgw.1", order, situation, at: now)
    }

    private func situation(_ process: ProcessSituation, leaseEnd: Int?) -> ServiceSituation {
        var situation = ServiceSituation()
        situation.placed = [one, two]
        situation.current = one
        situation.hasDirectory = true
        situation.process = process
        situation.leaseEnd = leaseEnd
        for digest in [one, two] {
            situation.versions[digest] = VersionKnowledge(trust: .trusted)
            situation.versions[digest]?.isChecked = true
        }
        return situation
    }

    /// Everything that a process may be, by name.
    private var processes: [(name: String, process: ProcessSituation)] {
        var list: [(String, ProcessSituation)] = [("none", .none)]
        for readyAt in [nil, 99_000] {
            for isStopping in [false, true] {
                for isKept in [false, true] {
                    for startedAt in [1_000, 98_000] {
                        var live = LiveProcess(instance: "a", version: one, startedAt: startedAt, readyAt: readyAt)
                        live.isStopping = isStopping
                        live.isKept = isKept
                        list.append(("\(live)", .alive(live)))
                    }
                }
            }
            for leaseEndedAt in [nil, "2026-11-29T10:00:00Z"] {
                for wasStopped in [false, true] {
                    var ended = EndedProcess(version: one, end: .exited(0), endedAt: 99_500)
                    ended.leaseEndedAt = leaseEndedAt
                    ended.wasStopped = wasStopped || leaseEndedAt != nil
                    ended.readyFor = readyAt.map { _ in 500 }
                    list.append(("\(ended)", .ended(ended)))
                }
            }
        }
        return list
    }

    @Test func aLeaseThatIsHeldChangesNothing() {
        for (name, process) in processes {
            for version in [one, two] {
                let held = plan(
                    ServiceOrder(.running, version: version, lease: 10), situation(process, leaseEnd: now + 1))
                let free = plan(ServiceOrder(.running, version: version), situation(process, leaseEnd: nil))
                #expect(held == free, "\(name)")
            }
        }
    }

    @Test func nothingIsStartedWithoutALease() {
        for (name, process) in processes {
            for version in [one, two] {
                for leaseEnd in [nil, 0, now - 1, now] {
                    let plan = plan(
                        ServiceOrder(.running, version: version, lease: 10), situation(process, leaseEnd: leaseEnd))
                    let starts = plan.process.contains { if case .start = $0 { true } else { false } }
                    #expect(!starts, "\(name), \(String(describing: leaseEnd))")
                    // What is known to be over is stopped, and each of them says why.
                    if leaseEnd != nil { #expect(plan.state != .running && plan.state != .starting, "\(name)") }
                    guard case .alive(let live) = process else {
                        #expect(plan.state == .stopped && plan.problem != nil, "\(name)")
                        continue
                    }
                    if leaseEnd != nil, !live.isStopping { #expect(plan.process.count == 2, "\(name)") }
                }
            }
        }
    }

    @Test func anAgentThatHasNotHeardOfAdminLeavesWhatRuns() {
        let live = ProcessSituation.alive(LiveProcess(instance: "a", version: one, startedAt: 0, readyAt: 100))
        let plan = plan(ServiceOrder(.running, version: one, lease: 10), situation(live, leaseEnd: nil))
        #expect(plan.process.isEmpty && plan.isCarriedOut && plan.state == .running)
        let upgrade = self.plan(ServiceOrder(.running, version: two, lease: 10), situation(live, leaseEnd: nil))
        #expect(upgrade.process.isEmpty && upgrade.state == .running)
    }

    @Test func anEndOfALeaseIsToldAndIsNoFailure() {
        var ended = EndedProcess(version: one, end: .killed(signal: 9), endedAt: 99_999)
        ended.wasStopped = true
        ended.leaseEndedAt = "2026-11-29T10:00:00Z"
        let order = ServiceOrder(.running, version: one, lease: 10)
        let silent = plan(order, situation(.ended(ended), leaseEnd: nil))
        #expect(silent.problem == "its lease ended at 2026-11-29T10:00:00Z: ADMIN could not be reached")
        #expect(silent.state == .stopped && silent.process.isEmpty)
        // Also if it was never ready: the next start does not wait.
        let answered = plan(order, situation(.ended(ended), leaseEnd: now + 5_000))
        #expect(answered.process == [.start(one, StartCount())] && answered.problem == nil)
    }

    @Test func aServiceThatIsToBeStoppedNeedsNoLease() {
        let live = ProcessSituation.alive(LiveProcess(instance: "a", version: one, startedAt: 0, readyAt: 100))
        for desired in [Assignment.Desired.stopped, .absent, .purged] {
            let leased = plan(ServiceOrder(desired, version: one, lease: 10), situation(live, leaseEnd: nil))
            #expect(leased == plan(ServiceOrder(desired, version: one), situation(live, leaseEnd: nil)))
        }
    }

    @Test func anAssignmentHandsItsLeaseOn() {
        #expect(ServiceOrder(Assignment(desired: .running, version: nil, lease: 60)).lease == 60)
        #expect(ServiceOrder(Assignment(desired: .running, version: nil)).lease == nil)
    }

    @Test func tooMuchMemoryIsTold() {
        var ended = EndedProcess(version: one, end: .killed(signal: 9), endedAt: 99_999)
        ended.isOutOfMemory = true
        let order = ServiceOrder(.running, version: one)
        #expect(
            plan(order, situation(.ended(ended), leaseEnd: nil)).problem
                == "the kernel ended it: it needed more memory than its limit allows")
        ended.end = .exited(3)
        let problem = plan(order, situation(.ended(ended), leaseEnd: nil)).problem
        #expect(problem?.contains("status 3") == true && problem?.contains("memory") == true)
    }
}
