public import Netlink
public import ServicesExport

/// Everything the gateway knows and decides, as a value: the export, what it means, what the kernel holds, what is
/// draining, and what the kernel has refused. Does no input or output: the caller reads the kernel, carries the plan
/// out and reports back.
public struct Reconciler: Sendable {
    /// The export in force; `nil` before the first.
    public private(set) var document: ServicesDocument?
    public private(set) var desired = DesiredState()
    /// What the kernel holds of ours; `nil` when it must be read: at the start, and after anything uncertain.
    public private(set) var kernel: KernelState?
    public private(set) var drains: Drains
    public private(set) var ownership: Ownership
    public private(set) var refusedSteps = RefusedSteps()
    /// Virtual services on public addresses of ours that are none of ours: left alone, and reported.
    public private(set) var foreign: Set<IPVS.ServiceIdentity> = []
    /// Seconds a real server that left may keep its connections, where its section does not say.
    public let drainTime: Int
    private let foreignServices: ForeignServices
    /// What has changed in `desired` since the kernel last agreed with it.
    private var changed = DesiredState.Changes()
    private var isWholeKernelNew = true
    /// Flows may have begun while our table was away, or gone stale while nobody looked.
    private var areFlowsNew = true
    /// Our table has lost an address that `ownership` still has, since virtual services on it remain.
    private var hasAddressLeft = false

    /// - Parameters:
    ///   - leaving: services of an earlier export that the kernel may still hold, with their drain times.
    ///   - untranslated: ports of an earlier export that conntrack may still translate.
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

    /// Reads an export against the one in force, without taking it.
    /// - Throws: `ServicesCSVError`; `ForeignMarkError` when it has marks that are not ours to give.
    public func read(_ bytes: [UInt8]) throws -> (document: ServicesDocument, changes: ExportChanges) {
        let (next, changes) = try (document ?? .empty).updated(with: bytes)
        for group in changes.added {
            guard let mark = group.connection.mark, !ownership.marks.contains(mark) else { continue }
            throw ForeignMarkError(section: group.connection.section, mark: mark, own: ownership.marks)
        }
        return (next, changes)
    }

    /// Takes the next export; it is not in force before a plan for it was carried out.
    public mutating func adopt(_ bytes: [UInt8]) throws {
        let (document, changes) = try read(bytes)
        adopt(document, changes)
    }

    /// Takes an export that was read against the one before.
    public mutating func adopt(_ next: ServicesDocument, _ changes: ExportChanges) {
        document = next
        let news = desired.apply(changes)
        refusedSteps.clear(news.services)
        changed.formUnion(news)
        for group in changes.added { ownership.addresses.formUnion(group.connection.addresses) }
        // What was left out as others' may be what the export asks for, made before our state was lost.
        if !foreign.isDisjoint(with: news.services) { forgetKernel() }
    }

    /// Services that have left the export and that the kernel may still hold, with their drain times: to be kept on
    /// disk, since nothing else tells them from other people's.
    public var leaving: [IPVS.ServiceIdentity: Int] {
        guard document != nil else { return changed.drainTimes }
        return changed.services.reduce(into: [:]) { leaving, service in
            guard desired.services[service] == nil, kernel.map({ $0.services[service] != nil }) ?? true else { return }
            leaving[service] = changed.drainTimes[service] ?? drainTime
        }
    }

    /// Ports that are no longer under destination NAT and whose flows conntrack may still translate: to be kept on
    /// disk, like `leaving`.
    public var untranslated: Set<Conntrack.Destination> {
        changed.translations.filter { desired.translations[$0] == nil || document == nil }
    }

    // MARK: The kernel

    /// Takes what was read from the kernel.
    public mutating func observe(_ state: KernelState) {
        ownership.addresses.formUnion(state.table?.addresses ?? [])
        kernel = KernelState(services: own(state.services), table: state.table)
        isWholeKernelNew = true
        areFlowsNew = true
    }

    /// Takes our table as it was read from the kernel; the virtual services stay as they are known.
    public mutating func observe(table: KernelState.Table?) {
        guard kernel != nil, kernel?.table != table else { return }
        ownership.addresses.formUnion(table?.addresses ?? [])
        kernel?.table = table
        isWholeKernelNew = true
        areFlowsNew = true
    }

    /// Takes one virtual service of ours as it was just read from the kernel, `nil` when it is not there.
    ///
    /// Cost: what is compared again later is this service alone.
    /// - Returns: whether it differs from what was known.
    public mutating func observe(_ service: IPVS.ServiceIdentity, _ found: VirtualService?) -> Bool {
        guard kernel != nil, kernel?.services[service] != found else { return false }
        kernel?.services[service] = found
        changed.services.insert(service)
        return true
    }

    /// Takes the virtual services on our addresses that are none of ours, all of them.
    /// - Returns: those that are to be removed and were not known.
    public mutating func observe(foreign services: Set<IPVS.ServiceIdentity>) -> [IPVS.ServiceIdentity] {
        foreign = services
        guard foreignServices == .remove else { return [] }
        return services.filter { kernel?.services[$0] == nil }
    }

    /// Leaves out what is not ours, and remembers it.
    private mutating func own(
        _ services: [IPVS.ServiceIdentity: VirtualService]
    ) -> [IPVS.ServiceIdentity: VirtualService] {
        foreign = Set(services.keys.lazy.filter { [self] in !isOwn($0) })
        guard foreignServices == .report, !foreign.isEmpty else { return services }
        return services.filter { [foreign] in !foreign.contains($0.key) }
    }

    /// Marks of our range are ours; on an address, what this export or an earlier one asked for.
    package func isOwn(_ service: IPVS.ServiceIdentity) -> Bool {
        if case .mark = service { return true }
        return desired.services[service] != nil || changed.services.contains(service)
            || drains.services[service] != nil
    }

    /// Our view of the kernel may be stale: it must be read before the next plan.
    public mutating func forgetKernel() { kernel = nil }

    // MARK: The plan

    /// The steps from the kernel's state to the desired one; `nil` while there is no export or no kernel state.
    /// - Parameter flows: to the ports in `watched`; `nil`: conntrack could not be asked.
    public mutating func plan(
        now: Int, connections: ConnectionCounts = ConnectionCounts(),
        flows: [Conntrack.Destination: FlowTally]? = [:]
    ) -> Plan? {
        guard document != nil, let kernel else { return nil }
        var planner = Planner(
            desired: desired, kernel: kernel, drains: drains, ownership: ownership, drainTime: drainTime,
            departed: changed.drainTimes, now: now, connections: connections, flows: flows,
            refused: refusedSteps.standing(at: now))
        let plan = planner.plan(isWholeKernelNew ? .everything : .only(changed))
        // A service whose drain is over is ours until the kernel has let it go.
        for service in drains.services.keys
        where planner.drains.services[service] == nil && desired.services[service] == nil {
            changed.services.insert(service)
        }
        drains = planner.drains
        return plan
    }

    /// The steps that take all that is ours out of the kernel, at once.
    public func withdrawal(from kernel: KernelState) -> Plan {
        var planner = Planner(
            desired: DesiredState(), kernel: kernel, drains: Drains(), ownership: ownership, drainTime: 0, now: 0)
        var plan = planner.plan(.everything)
        plan.table = TableChange(skeleton: kernel.table == nil ? .intact : .withdrawn)
        return plan
    }

    /// The kernel has carried the command out.
    public mutating func applied(_ command: IPVS.Command) { kernel?.apply(command) }

    /// The kernel has committed the transaction.
    public mutating func applied(_ change: TableChange) { kernel?.apply(change) }

    /// Conntrack has forgotten what the rules do not keep: what they do not name drains no longer.
    public mutating func applied(_ rules: [TranslationRule]) {
        for rule in rules {
            guard let left = drains.translations[rule.port]?.filter({ rule.servers.contains($0.key) }) else { continue }
            drains.translations[rule.port] = left.isEmpty ? nil : left
        }
    }

    /// The kernel has refused the step for a reason other than our view being stale.
    public mutating func refused(_ step: RefusedSteps.Step, _ error: NetlinkError, now: Int) {
        refusedSteps.add(step, error, now: now)
    }

    /// The whole plan was carried out: kernel and desired state agree, but for what was refused.
    /// - Parameter areFlowsKnown: whether conntrack has answered; else it is asked about all ports again the next time.
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

    /// Ports under destination NAT whose flows the next plan needs to know of: what the export has changed, what
    /// drains; all of them after the kernel was read.
    public func watched(now: Int) -> [TranslationRule] {
        var ports = changed.translations.union(drains.translations.keys)
        if areFlowsNew {
            ports.formUnion(desired.translations.keys)
            for case (let port, _)? in (kernel?.table?.elements ?? []).lazy.map(\.translation) { ports.insert(port) }
        }
        return ports.map { desired.rule(for: $0, drains: drains, now: now) }
    }

    /// Real servers whose connections the next plan needs to know of.
    public var draining: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]] {
        drains.services.mapValues { Array($0.deadlines.keys) }
    }
}

/// What to do with virtual services on our public addresses that no export of ours asked for.
public enum ForeignServices: String, Sendable, CaseIterable {
    /// Leave them alone, and say so in log, status and metrics.
    case report
    /// Drain and remove them.
    case remove
}
