public import GatewaySync
public import Netlink
public import ServiceSupport
public import ServicesExport
import SystemPackage
import Text

/// The only writer: carries out the reconciler's plans on a kernel, and reports the results to it.
///
/// Not `Sendable`: it lives inside one actor or one command.
public final class Synchronizer {
    /// What one settlement did.
    public struct Outcome: Sendable, Hashable {
        /// How many changes were carried out, over all attempts.
        public var changes = 0
        /// The time of each phase.
        public var timings = Timings()
    }

    /// The time of each phase.
    public struct Timings: Sendable, Hashable {
        /// Reading the kernel.
        public var read = Duration.zero
        /// Comparing it with the desired state.
        public var diff = Duration.zero
        /// Changing it.
        public var apply = Duration.zero

        /// The sum of all phases.
        public var total: Duration { read + diff + apply }
    }

    /// The export, the kernel's state, and the decisions.
    public private(set) var reconciler: Reconciler
    /// The connections of draining real servers, as they were last counted.
    public private(set) var connections = ConnectionCounts()
    /// The flows to ports under destination NAT, as conntrack last reported them.
    public private(set) var flows: [Conntrack.Destination: FlowTally] = [:]
    /// Why conntrack could not be read, or did not delete flows. Everything else goes on.
    public private(set) var flowFault: NetlinkError?
    private let kernel: any Kernel
    private let progress: Progress?
    private let clock = ContinuousClock()
    /// How often a plan is made again from the kernel's real state before giving up for now.
    private static let attempts = 6

    /// How many commands are passed to the kernel at once. A load reports progress after each batch.
    private static let batchSize = 1_000

    /// - Parameter reconciler: its view of the kernel must come from `kernel`, or be unknown.
    public convenience init(_ reconciler: Reconciler, kernel: any Kernel) {
        self.init(reconciler, kernel: kernel, progress: nil)
    }

    init(_ reconciler: Reconciler, kernel: any Kernel, progress: Progress?) {
        self.reconciler = reconciler
        self.kernel = kernel
        self.progress = progress
    }

    /// Adopts the next export without carrying it out.
    public func adopt(_ bytes: [UInt8]) throws { try reconciler.adopt(bytes) }

    /// Adopts an export that was read elsewhere by comparing it with `reconciler.document`.
    public func adopt(_ document: ServicesDocument, _ changes: ExportChanges) { reconciler.adopt(document, changes) }

    /// Changes what is known of the real servers' health. The next plan follows.
    func withHealth<Result>(_ change: (inout HealthOverlay) throws -> Result) rethrows -> Result {
        try reconciler.withHealth(change)
    }

    /// Whether the kernel should have something else since verdicts have changed.
    func layHealth() -> Bool { reconciler.layHealth() }

    /// Takes what the daemon has stored of the servers' health, for a look at what it has made of the export.
    /// - Parameter status: what the daemon says; if its verdicts do not count, nothing is taken.
    public func assumeVerdicts(
        of directory: String, _ status: GatewayStatus?, at now: ClockReading
    ) throws(FileError) {
        guard status?.checks?.isInForce ?? true,
            let verdicts = try StateDirectory.loadVerdicts(of: directory, at: now)
        else { return }
        withHealth { health in
            health.advance(to: now.bootMilliseconds)
            verdicts.restore(to: &health)
        }
    }

    /// The steps that are due, without carrying out any.
    public func plan(now: Int) throws(NetlinkError) -> Plan? {
        var outcome = Outcome()
        try readIfNeeded(&outcome)
        return try makePlan(now: now, &outcome)
    }

    /// Reads the kernel's state unless it is known.
    public func readIfNeeded() throws(NetlinkError) {
        var outcome = Outcome()
        try readIfNeeded(&outcome)
    }

    /// Drops the known state of the kernel, which may be stale; it is read before the next plan.
    public func forgetKernel() { reconciler.forgetKernel() }

    /// Reads our table again, but no virtual services.
    public func readTable() throws(NetlinkError) {
        guard reconciler.kernel != nil else { return }
        reconciler.observe(table: try kernel.table())
    }

    /// Reads one of our virtual services again.
    /// - Returns: whether it differs from the known state.
    func readService(_ service: IPVS.ServiceIdentity) throws(NetlinkError) -> Bool {
        reconciler.observe(service, try kernel.service(service))
    }

    /// Takes the virtual services on our addresses that Portcullis did not make, and reads those that must be
    /// removed.
    /// - Returns: whether there is any to remove.
    func observe(foreign services: Set<IPVS.ServiceIdentity>) throws(NetlinkError) -> Bool {
        var hasDrifted = false
        for service in reconciler.observe(foreign: services) where try readService(service) { hasDrifted = true }
        return hasDrifted
    }

    /// Brings the kernel into agreement with the export.
    ///
    /// Steps that the kernel refuses are left out, together with whatever depends on them, and are in
    /// `reconciler.refusedSteps` afterwards; the rest is carried out.
    ///
    /// - Parameters:
    ///   - now: seconds of the boot clock.
    ///   - willApply: called with each plan before it is carried out, to write what must be on disk by then.
    /// - Throws: `SynchronizationError` if the kernel does not converge to the desired state. Whatever was possible
    ///   is done, and the kernel is read again the next time.
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
                    // Our view of the kernel may be stale: read it again before accepting the refusal.
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

    /// Removes everything that Portcullis owns from the kernel.
    /// - Returns: the steps that were carried out.
    public func withdraw() throws -> Plan {
        try readIfNeeded()
        guard let state = reconciler.kernel else { return Plan() }
        let plan = reconciler.withdrawal(from: state)
        let refusals = try carryOut(plan).refusals
        reconciler.forgetKernel()
        guard refusals.isEmpty else { throw SynchronizationError(refusals.map(\.error)) }
        return plan
    }

    /// The connections, active and inactive, of each instance that the export has at weight 0. UDP is not counted.
    /// Costs a list of the real servers of each virtual service with such an instance, and for ports under destination
    /// NAT a walk over conntrack's table.
    func drainingConnections(now: Int) throws(NetlinkError) -> [ExactText: Int] {
        let desired = reconciler.desired
        var totals = desired.drainingInstances.reduce(into: [ExactText: Int]()) { $0[$1] = 0 }
        let servers = desired.drainingServers
        if !servers.isEmpty {
            let counts = try kernel.connections(of: servers.mapValues { Array($0.keys) })
            for (service, instances) in servers {
                for (server, instance) in instances { totals[instance, default: 0] += counts[service, server] ?? 0 }
            }
        }
        let ports = desired.drainingPorts
        if !ports.isEmpty {
            let rules = ports.keys.map { desired.rule(for: $0, drains: reconciler.drains, now: now) }
            let flows = try kernel.flows(under: rules)
            for (port, instances) in ports {
                for (server, instance) in instances {
                    totals[instance, default: 0] += flows[port]?.connections[server] ?? 0
                }
            }
        }
        return totals
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
        // Only these are kept for the status; after a whole load there are many others.
        flows = flows.filter { reconciler.drains.translations[$0.key] != nil }
        return plan
    }

    /// Counts the flows to watched ports; `nil` if conntrack cannot be read.
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

        /// Whether the kernel reports that something already exists or does not exist.
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

    /// Carries out step by step, until one is refused in part. Later steps may depend on it, so a new plan is needed
    /// then.
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
