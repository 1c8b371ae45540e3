public import GatewaySync
public import Netlink
public import ServicesExport
import SystemPackage

/// The one writer: carries the reconciler's plans out on a kernel and tells it what came of them.
///
/// Not `Sendable`: it lives inside one actor or one command.
public final class Synchronizer {
    /// What one settlement took.
    public struct Outcome: Sendable, Hashable {
        /// The changes carried out, over all attempts.
        public var changes = 0
        public var timings = Timings()
    }

    /// Time per phase.
    public struct Timings: Sendable, Hashable {
        public var read = Duration.zero
        public var diff = Duration.zero
        public var apply = Duration.zero

        public var total: Duration { read + diff + apply }
    }

    public private(set) var reconciler: Reconciler
    /// Connections of the real servers that drain, when they were counted last.
    public private(set) var connections = ConnectionCounts()
    /// What conntrack kept for ports under destination NAT, when it was asked last.
    public private(set) var flows: [Conntrack.Destination: FlowTally] = [:]
    /// Why conntrack could not be asked, or would not forget; all else goes on.
    public private(set) var flowFault: NetlinkError?
    private let kernel: any Kernel
    private let progress: Progress?
    private let clock = ContinuousClock()
    /// How often a plan is made anew from the kernel's real state before giving up for now.
    private static let attempts = 6

    /// Commands that are given to the kernel at once: a load tells of its progress after each so many.
    private static let batchSize = 1_000

    public convenience init(_ reconciler: Reconciler, kernel: any Kernel) {
        self.init(reconciler, kernel: kernel, progress: nil)
    }

    init(_ reconciler: Reconciler, kernel: any Kernel, progress: Progress?) {
        self.reconciler = reconciler
        self.kernel = kernel
        self.progress = progress
    }

    /// Takes the next export without carrying it out.
    public func adopt(_ bytes: [UInt8]) throws { try reconciler.adopt(bytes) }

    /// Takes an export that was read elsewhere, against `reconciler.document`.
    public func adopt(_ document: ServicesDocument, _ changes: ExportChanges) { reconciler.adopt(document, changes) }

    /// The steps that are due, without taking any.
    public func plan(now: Int) throws(NetlinkError) -> Plan? {
        var outcome = Outcome()
        try readIfNeeded(&outcome)
        return try makePlan(now: now, &outcome)
    }

    /// Makes sure that the kernel's state is known.
    public func readIfNeeded() throws(NetlinkError) {
        var outcome = Outcome()
        try readIfNeeded(&outcome)
    }

    /// Our view of the kernel may be stale: it is read before the next plan.
    public func forgetKernel() { reconciler.forgetKernel() }

    /// Reads our table back, and no virtual service.
    public func readTable() throws(NetlinkError) {
        guard reconciler.kernel != nil else { return }
        reconciler.observe(table: try kernel.table())
    }

    /// Reads one virtual service of ours back.
    /// - Returns: whether it differs from what was known.
    func readService(_ service: IPVS.ServiceIdentity) throws(NetlinkError) -> Bool {
        reconciler.observe(service, try kernel.service(service))
    }

    /// Takes the virtual services of others on our addresses; those that are to be removed are read.
    /// - Returns: whether there is any to remove.
    func observe(foreign services: Set<IPVS.ServiceIdentity>) throws(NetlinkError) -> Bool {
        var hasDrifted = false
        for service in reconciler.observe(foreign: services) where try readService(service) { hasDrifted = true }
        return hasDrifted
    }

    /// Brings the kernel into agreement with the export.
    ///
    /// What the kernel refuses is left out, with what depends on it, and is in `reconciler.refusedSteps` afterwards;
    /// the rest is carried out.
    ///
    /// - Parameters:
    ///   - now: seconds of the boot clock.
    ///   - willApply: is shown each plan before it is carried out; what must be on disk by then, it writes.
    /// - Throws: `SynchronizationError` when the kernel does not converge to the desired state; what could be
    ///   done was done, and the kernel is read again the next time.
    public func settle(now: Int, willApply: (Plan, Reconciler) throws -> Void = { _, _ in }) throws -> Outcome {
        var outcome = Outcome()
        var lastErrors = [NetlinkError]()
        var doubtful = Set<RefusedSteps.Step>()
        for _ in 0..<Self.attempts {
            do {
                try readIfNeeded(&outcome)
                guard let plan = try makePlan(now: now, &outcome) else { return outcome }
                guard !plan.isEmpty else {
                    reconciler.finish(plan, now: now, areFlowsKnown: flowFault == nil)
                    return outcome
                }
                try willApply(plan, reconciler)
                let result = try measure(&outcome.timings.apply) { () throws(NetlinkError) in try carryOut(plan) }
                outcome.changes += result.changes
                guard !result.refusals.isEmpty else {
                    reconciler.finish(plan, now: now, areFlowsKnown: flowFault == nil)
                    return outcome
                }
                lastErrors = result.refusals.map(\.error)
                for refusal in result.refusals {
                    // Our view of the kernel may be stale: read it before taking the refusal for final.
                    if refusal.isMismatch, doubtful.insert(refusal.step).inserted { continue }
                    reconciler.refused(refusal.step, refusal.error, now: now)
                }
            } catch let error as NetlinkError {
                lastErrors = [error]
            }
            reconciler.forgetKernel()
        }
        throw SynchronizationError(lastErrors)
    }

    /// Takes all that is ours out of the kernel.
    /// - Returns: what was done.
    public func withdraw() throws -> Plan {
        try readIfNeeded()
        guard let state = reconciler.kernel else { return Plan() }
        let plan = reconciler.withdrawal(from: state)
        let refusals = try carryOut(plan).refusals
        reconciler.forgetKernel()
        guard refusals.isEmpty else { throw SynchronizationError(refusals.map(\.error)) }
        return plan
    }

    private func readIfNeeded(_ outcome: inout Outcome) throws(NetlinkError) {
        guard reconciler.kernel == nil else { return }
        let start = clock.now
        reconciler.observe(try kernel.read(reconciler.ownership))
        outcome.timings.read += clock.now - start
    }

    private func makePlan(now: Int, _ outcome: inout Outcome) throws(NetlinkError) -> Plan? {
        let start = clock.now
        defer { outcome.timings.diff += clock.now - start }
        let draining = reconciler.draining
        connections = draining.isEmpty ? ConnectionCounts() : try kernel.connections(of: draining)
        let plan = reconciler.plan(now: now, connections: connections, flows: countFlows(now: now))
        // For the status; of a whole load the others are many.
        flows = flows.filter { reconciler.drains.translations[$0.key] != nil }
        return plan
    }

    /// `nil` when conntrack cannot be asked.
    private func countFlows(now: Int) -> [Conntrack.Destination: FlowTally]? {
        flowFault = nil
        flows = [:]
        let watched = reconciler.watched(now: now)
        guard !watched.isEmpty else { return flows }
        do throws(NetlinkError) {
            flows = try kernel.flows(under: watched)
            return flows
        } catch {
            flowFault = error
            return nil
        }
    }

    private struct Refusal {
        let step: RefusedSteps.Step
        let error: NetlinkError

        /// Whether the kernel says that something is there already, or is not there.
        var isMismatch: Bool {
            if error.code == .retry { return true }
            switch (error.errno, step) {
            case (.fileExists, _), (.noSuchProcess, _): return true
            case (.noSuchFileOrDirectory, .setDestination), (.noSuchFileOrDirectory, .deleteDestination),
                (.noSuchFileOrDirectory, .table):
                return true
            default: return false
            }
        }
    }

    /// Step by step, until one was refused in part: what follows may depend on it, so a plan without it has to be made.
    private func carryOut(_ plan: Plan) throws(NetlinkError) -> (refusals: [Refusal], changes: Int) {
        var changed = 0
        for step in plan.steps {
            switch step {
            case .table(let change):
                do throws(NetlinkError) {
                    try kernel.commit(change)
                } catch  where error.code == .refused || error.code == .retry {
                    return ([Refusal(step: .table, error: error)], changed)
                }
                reconciler.applied(change)
                changed += change.count
            case .flows(let rules):
                do throws(NetlinkError) {
                    _ = try kernel.expire(rules)
                    reconciler.applied(rules)
                    changed += rules.count
                } catch {
                    flowFault = error
                }
            case .ipvs(let changes):
                let refusals = try apply(changes)
                changed += changes.count - refusals.count
                guard refusals.isEmpty else {
                    return (refusals.map { Refusal(step: RefusedSteps.Step($0.command), error: $0.error) }, changed)
                }
                for change in changes { reconciler.applied(change.command) }
            }
        }
        return ([], changed)
    }

    private func apply(_ changes: [IPVSChange]) throws(NetlinkError) -> [KernelRefusal] {
        var refusals = [KernelRefusal]()
        var rest = changes[...]
        while !rest.isEmpty {
            refusals += try kernel.apply(rest.prefix(Self.batchSize).map(\.command))
            rest = rest.dropFirst(Self.batchSize)
            progress?.made()
        }
        return refusals
    }

    private func measure<Result, Failure: Error>(
        _ duration: inout Duration, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = clock.now
        defer { duration += clock.now - start }
        return try body()
    }
}
