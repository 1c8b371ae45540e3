public import Netlink
public import ServicesExport

/// Everything that the gateway knows and decides, as a value: the export, the state it asks for, the kernel's state,
/// the drains, and the steps that the kernel has refused. It does no input or output: the caller reads the kernel,
/// carries out the plan and reports the results.
public struct Reconciler: Sendable {
    /// The export in force; `nil` before the first.
    public private(set) var document: ServicesDocument?
    /// The kernel's state that the export in force asks for.
    public private(set) var desired = DesiredState()
    /// The kernel's state, as far as Portcullis owns it. `nil` when it must be read: at the start, and after any
    /// uncertainty.
    public private(set) var kernel: KernelState?
    /// Real servers that wait for their connections to end.
    public private(set) var drains: Drains
    /// The addresses and marks whose virtual services Portcullis owns.
    public private(set) var ownership: Ownership
    /// The verdicts on real servers, laid over `desired`.
    public private(set) var health = HealthOverlay()
    /// Steps that the kernel has refused.
    public private(set) var refusedSteps = RefusedSteps()
    /// Virtual services on our public addresses that Portcullis did not make. They are reported, and removed only if
    /// `foreignServices` says so.
    public private(set) var foreign: Set<IPVS.ServiceIdentity> = []
    /// Seconds that a real server that left may keep its connections, if its section sets no drain time.
    public let drainTime: Int
    private let foreignServices: ForeignServices
    /// What has changed in `desired` since the kernel last agreed with it.
    private var changed = DesiredState.Changes()
    private var isWholeKernelNew = true
    /// Whether conntrack must be asked about all ports: flows may have begun while the table was missing, or become
    /// stale while the daemon was down.
    private var areFlowsNew = true
    /// Whether the table has lost an address that `ownership` still has, because virtual services remain on it.
    private var hasAddressLeft = false

    /// - Parameters:
    ///   - leaving: services of an earlier export that the kernel may still hold, with their drain times.
    ///   - untranslated: ports of an earlier export that conntrack may still translate.
    ///   - drainTime: seconds that a real server that left may keep its connections, if its section sets no drain
    ///     time.
    public init(
        drains: Drains = Drains(), ownership: Ownership = Ownership(), leaving: [IPVS.ServiceIdentity: Int] = [:],
        untranslated: Set<Conntrack.Destination> = [], drainTime: Int = 600, foreignServices: ForeignServices = .report
    ) {
        self.drains = drains
        self.ownership = ownership
        self.drainTime = drainTime
        self.foreignServices = foreignServices
        changed.services = Set(leaving.keys)
        changed.drainTimes = leaving
        changed.translations = untranslated
    }

    // MARK: The export

    /// Reads an export by comparing it with the one in force, without adopting it.
    /// - Throws: `ServicesCSVError`; `ForeignMarkError` if it has marks outside this gateway's range;
    ///   `UnsupportedError` if it asks for something that this gateway does not do.
    public func read(_ bytes: [UInt8]) throws -> (document: ServicesDocument, changes: ExportChanges) {
        let (next, changes) = try (document ?? .empty).updated(with: bytes)
        for group in changes.added {
            guard let mark = group.connection.mark, !ownership.marks.contains(mark) else { continue }
            throw ForeignMarkError(section: group.connection.section, mark: mark, own: ownership.marks)
        }
        try changes.checkSupport()
        return (next, changes)
    }

    /// Adopts the next export. It is in force only after a plan for it was carried out.
    public mutating func adopt(_ bytes: [UInt8]) throws {
        let (document, changes) = try read(bytes)
        adopt(document, changes)
    }

    /// Adopts an export that `read` compared with the one in force.
    public mutating func adopt(_ next: ServicesDocument, _ changes: ExportChanges) {
        document = next
        let news = desired.apply(changes)
        health.follow(changes, news.services)
        refusedSteps.clear(news.services)
        changed.formUnion(news)
        for group in changes.added { ownership.addresses.formUnion(group.connection.addresses) }
        for rule in changes.egress ?? [] { ownership.addresses.formUnion(rule.addresses) }
        // A service that was taken for a foreign one may be what the export asks for, made before our state was lost.
        if !foreign.isDisjoint(with: news.services) { forgetKernel() }
    }

    /// Services that have left the export and that the kernel may still hold, with their drain times. They must be
    /// stored on disk, since nothing else distinguishes them from foreign services.
    public var leaving: [IPVS.ServiceIdentity: Int] {
        guard document != nil else { return changed.drainTimes }
        return changed.services.reduce(into: [:]) { leaving, service in
            guard desired.services[service] == nil, kernel.map({ $0.services[service] != nil }) ?? true else { return }
            leaving[service] = changed.drainTimes[service] ?? drainTime
        }
    }

    /// Ports that are no longer under destination NAT but whose flows conntrack may still translate. They must be
    /// stored on disk, like `leaving`.
    public var untranslated: Set<Conntrack.Destination> {
        changed.translations.filter { desired.translations[$0] == nil || document == nil }
    }

    // MARK: Health

    /// Changes what is known of the real servers' health. The next plan follows.
    public mutating func withHealth<Result>(_ change: (inout HealthOverlay) throws -> Result) rethrows -> Result {
        try change(&health)
    }

    /// Whether a plan is due since verdicts have changed what the kernel should have.
    public mutating func layHealth() -> Bool {
        let services = health.lay(over: desired)
        guard !services.isEmpty else { return false }
        changed.services.formUnion(services)
        refusedSteps.clear(services, andTable: false)
        return true
    }

    // MARK: The kernel

    /// Takes the state that was read from the kernel.
    public mutating func observe(_ state: KernelState) {
        ownership.addresses.formUnion(state.table?.addresses ?? [])
        kernel = KernelState(services: own(state.services), table: state.table)
        isWholeKernelNew = true
        areFlowsNew = true
    }

    /// Takes the table as it was read from the kernel. The virtual services stay as they are known.
    public mutating func observe(table: KernelState.Table?) {
        guard kernel != nil, kernel?.table != table else { return }
        ownership.addresses.formUnion(table?.addresses ?? [])
        kernel?.table = table
        isWholeKernelNew = true
        areFlowsNew = true
    }

    /// Takes one of our virtual services as it was just read from the kernel; `nil` when it does not exist.
    ///
    /// Cost: the next plan compares only this service again.
    /// - Returns: whether it differs from the known state.
    public mutating func observe(_ service: IPVS.ServiceIdentity, _ found: VirtualService?) -> Bool {
        guard kernel != nil, kernel?.services[service] != found else { return false }
        kernel?.services[service] = found
        changed.services.insert(service)
        return true
    }

    /// Takes all virtual services on our addresses that Portcullis did not make.
    /// - Returns: those that must be removed and were not known before.
    public mutating func observe(foreign services: Set<IPVS.ServiceIdentity>) -> [IPVS.ServiceIdentity] {
        foreign = services
        guard foreignServices == .remove else { return [] }
        return services.filter { kernel?.services[$0] == nil }
    }

    /// Removes foreign services from what was read, and remembers them.
    private mutating func own(
        _ services: [IPVS.ServiceIdentity: VirtualService]
    ) -> [IPVS.ServiceIdentity: VirtualService] {
        foreign = Set(services.keys.lazy.filter { [self] in !isOwn($0) })
        guard foreignServices == .report, !foreign.isEmpty else { return services }
        return services.filter { [foreign] in !foreign.contains($0.key) }
    }

    /// Whether Portcullis made the service. A mark in its range is always its own; on an address, it made what this
    /// export or an earlier one asked for.
    package func isOwn(_ service: IPVS.ServiceIdentity) -> Bool {
        if case .mark = service { return true }
        return desired.services[service] != nil || changed.services.contains(service)
            || drains.services[service] != nil
    }

    /// Drops the known state of the kernel, which may be stale. The kernel must be read before the next plan.
    public mutating func forgetKernel() { kernel = nil }

    // MARK: The plan

    /// The steps from the kernel's state to the desired one; `nil` while there is no export or no kernel state.
    /// - Parameter flows: flows to the ports in `watched`; `nil` if conntrack could not be read.
    public mutating func plan(
        now: Int, connections: ConnectionCounts = ConnectionCounts(),
        flows: [Conntrack.Destination: FlowTally]? = [:]
    ) -> Plan? {
        guard document != nil, let kernel else { return nil }
        _ = layHealth()
        var planner = Planner(
            desired: desired, laid: health.laid, kernel: kernel, drains: drains, ownership: ownership,
            drainTime: drainTime,
            departed: changed.drainTimes, now: now, connections: connections, flows: flows,
            refused: refusedSteps.standing(at: now))
        let plan = planner.plan(isWholeKernelNew ? .everything : .only(changed))
        // A service whose drain is over remains ours until the kernel has deleted it.
        for service in drains.services.keys
        where planner.drains.services[service] == nil && desired.services[service] == nil {
            changed.services.insert(service)
        }
        drains = planner.drains
        return plan
    }

    /// The steps that remove everything that Portcullis owns from the kernel, without a drain.
    public func withdrawal(from kernel: KernelState) -> Plan {
        var planner = Planner(
            desired: DesiredState(), kernel: kernel, drains: Drains(), ownership: ownership, drainTime: 0, now: 0)
        var plan = planner.plan(.everything)
        plan.table = TableChange(skeleton: kernel.table == nil ? .intact : .withdrawn)
        return plan
    }

    /// Records that the kernel has carried out the command.
    public mutating func applied(_ command: IPVS.Command) { kernel?.apply(command) }

    /// Records that the kernel has committed the transaction.
    public mutating func applied(_ change: TableChange) { kernel?.apply(change) }

    /// Records that conntrack has forgotten the flows that the rules do not keep. Servers that the rules do not name
    /// have drained.
    public mutating func applied(_ rules: [TranslationRule]) {
        for rule in rules {
            guard let left = drains.translations[rule.port]?.filter({ rule.servers.contains($0.key) }) else { continue }
            drains.translations[rule.port] = left.isEmpty ? nil : left
        }
    }

    /// Records that the kernel has refused the step for a reason other than our view being stale.
    public mutating func refused(_ step: RefusedSteps.Step, _ error: NetlinkError, now: Int) {
        refusedSteps.add(step, error, now: now)
    }

    /// Records that the whole plan was carried out: kernel and desired state agree, except for refused steps.
    /// - Parameter areFlowsKnown: whether conntrack could be read. If not, it is asked about all ports the next time.
    public mutating func finish(_ plan: Plan, now: Int, areFlowsKnown: Bool = true) {
        refusedSteps.clear(dueAt: now)
        areFlowsNew = !areFlowsKnown
        hasAddressLeft = hasAddressLeft || plan.table.removed.contains { if case .address = $0 { true } else { false } }
        if hasAddressLeft, let kernel, let table = kernel.table {
            let admitted = Set(table.addresses)
            ownership.addresses = admitted.union(kernel.services.keys.lazy.compactMap(\.address))
            hasAddressLeft = ownership.addresses.count > admitted.count
        }
        guard refusedSteps.isEmpty else {
            isWholeKernelNew = true
            return
        }
        let untranslated = areFlowsKnown ? [] : untranslated
        changed = DesiredState.Changes()
        changed.translations = untranslated
        isWholeKernelNew = false
    }

    /// The ports under destination NAT whose flows the next plan must know: those that the export has changed and
    /// those that are draining; after a read of the kernel, all of them.
    public func watched(now: Int) -> [TranslationRule] {
        var ports = changed.translations.union(drains.translations.keys)
        if areFlowsNew {
            ports.formUnion(desired.translations.keys)
            for case (let port, _)? in (kernel?.table?.elements ?? []).lazy.map(\.translation) { ports.insert(port) }
        }
        return ports.map { desired.rule(for: $0, drains: drains, now: now) }
    }

    /// The real servers whose connections the next plan must know.
    public var draining: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]] {
        drains.services.mapValues { Array($0.deadlines.keys) }
    }
}

/// What to do with virtual services on our public addresses that no export of ours asked for.
public enum ForeignServices: String, Sendable, CaseIterable {
    /// Leave them alone, and report them in log, status and metrics.
    case report
    /// Drain and remove them.
    case remove
}
