public import Netlink
import NetworkTypes

/// Compares the desired state with the kernel's and decides what to do. It does no input or output: the result is a
/// `Plan` and the next `Drains`.
public struct Planner {
    /// What may differ from the kernel.
    public enum Scope: Sendable {
        /// Anything, since the kernel was just read.
        case everything
        /// Only these changes, since the rest of the kernel's state is known from the steps that were applied.
        case only(DesiredState.Changes)

        fileprivate var isWhole: Bool { if case .everything = self { true } else { false } }
    }

    private let desired: DesiredState
    private let laid: [IPVS.ServiceIdentity: LaidService]
    private let kernel: KernelState
    private let ownership: Ownership
    private let drainTime: Int
    private let departed: [IPVS.ServiceIdentity: Int]
    private let now: Int
    private let connections: ConnectionCounts
    private let flows: [Conntrack.Destination: FlowTally]?
    private let refused: Set<RefusedSteps.Step>

    /// The drains as they will be once the plan is applied. Valid after `plan`.
    public private(set) var drains: Drains

    private var plan = Plan()
    /// The elements to compare, unless all are compared.
    private var candidates: Set<TableElement> = []
    private var admissionIndex: [IPVS.ServiceIdentity: Set<TableElement>]?
    /// Virtual services that cannot accept any packet, since the kernel has refused a step that they need.
    private var unserved: Set<IPVS.ServiceIdentity> = []

    /// - Parameters:
    ///   - laid: services of `desired` for which verdicts on their servers want something else.
    ///   - drainTime: seconds that a real server that left may keep its connections if its section sets no drain
    ///     time; 0: none.
    ///   - departed: drain times of virtual services that have left the export and whose section set one.
    ///   - now: seconds of the boot clock.
    ///   - connections: of the real servers in `drains`, where they were counted.
    ///   - flows: flows to the ports in `Reconciler.watched`; `nil` if conntrack could not be read.
    ///   - refused: steps to leave out, together with whatever depends on them.
    public init(
        desired: DesiredState, laid: [IPVS.ServiceIdentity: LaidService] = [:], kernel: KernelState, drains: Drains,
        ownership: Ownership, drainTime: Int,
        departed: [IPVS.ServiceIdentity: Int] = [:], now: Int, connections: ConnectionCounts = ConnectionCounts(),
        flows: [Conntrack.Destination: FlowTally]? = [:], refused: Set<RefusedSteps.Step> = []
    ) {
        self.desired = desired
        self.laid = laid
        self.kernel = kernel
        self.drains = drains
        self.ownership = ownership
        self.drainTime = drainTime
        self.departed = departed
        self.now = now
        self.connections = connections
        self.flows = flows
        self.refused = refused
    }

    /// The steps, in order. Services that are draining are always examined.
    public mutating func plan(_ scope: Scope) -> Plan {
        plan = Plan()
        var services: Set<IPVS.ServiceIdentity>
        switch scope {
        case .everything:
            services = Set(desired.services.keys)
            services.formUnion(kernel.services.keys.lazy.filter { [ownership] in ownership.contains($0) })
        case .only(let changed):
            services = changed.services
            candidates = changed.elements
        }
        services.formUnion(drains.services.keys)
        for service in services.sorted() { compare(service) }
        yieldKeptElements(scope)
        compareTable(scope)
        if !refused.contains(.table) {
            let planner = FlowPlanner(desired: desired, flows: flows, drainTime: drainTime, now: now)
            plan.flows = planner.rules(after: plan.table, &drains)
        }
        return plan
    }

    // MARK: Virtual services

    private mutating func compare(_ service: IPVS.ServiceIdentity) {
        switch (wanted(service), kernel.services[service]) {
        case (nil, nil):
            release(service)
        case (let wanted?, nil):
            release(service)
            add(service, wanted)
        case (let wanted?, let found?):
            if wanted.settings != found.settings {
                take(IPVSChange(.setService(service, wanted.settings), previous: .service(found.settings)), \.grow)
            }
            // The service is back, or never left. The export admits it, so no element has to be kept for a drain.
            if let kept = drains.services[service]?.kept {
                candidates.formUnion(kept)
                drains.services[service]?.kept = []
            }
            guard wanted.destinations != found.destinations || drains.services[service] != nil else { return }
            compareServers(of: service, wanted, found)
            if drains.services[service]?.deadlines.isEmpty == true { drains.services[service] = nil }
        case (nil, let found?):
            withdraw(service, found)
        }
    }

    /// The virtual service as the export and the verdicts want it, without servers of weight 0 in two cases. If the service accepts
    /// only UDP, a flow that never ends would stay with such a server for ever. If its scheduler has no fallback, the
    /// clients of such a server would be refused.
    private func wanted(_ service: IPVS.ServiceIdentity) -> VirtualService? {
        let laidOver = laid[service]?.service ?? desired.services[service]
        guard var wanted = laidOver,
            wanted.destinations.contains(where: { $0.settings.weight == 0 }),
            wanted.refusesClientsOfDrained || !Self.hasConnections(desired.transports(of: service))
        else { return laidOver }
        wanted.destinations.removeAll { $0.settings.weight == 0 }
        return wanted
    }

    private mutating func add(_ service: IPVS.ServiceIdentity, _ wanted: VirtualService) {
        guard take(IPVSChange(.addService(service, wanted.settings)), \.grow) else {
            unserved.insert(service)
            return
        }
        var added = 0
        for destination in wanted.destinations where add(destination, to: service) { added += 1 }
        if added == 0, !wanted.destinations.isEmpty { unserved.insert(service) }
    }

    private mutating func add(_ destination: IPVS.Destination, to service: IPVS.ServiceIdentity) -> Bool {
        take(IPVSChange(.addDestination(destination.identity, destination.settings, to: service)), \.grow)
    }

    /// Adds a change to the plan, unless the kernel has refused it.
    @discardableResult
    private mutating func take(_ change: IPVSChange, _ batch: WritableKeyPath<Plan, [IPVSChange]>) -> Bool {
        guard refused.isEmpty || !refused.contains(RefusedSteps.Step(change.command)) else { return false }
        plan[keyPath: batch].append(change)
        return true
    }

    private mutating func compareServers(
        of service: IPVS.ServiceIdentity, _ wanted: VirtualService, _ found: VirtualService
    ) {
        if let deadlines = drains.services[service]?.deadlines {
            for server in deadlines.keys where found[server] == nil || wanted[server] != nil {
                drains.services[service]?.deadlines[server] = nil
            }
        }
        var present = found.destinations.count
        for destination in wanted.destinations {
            guard let before = found[destination.identity] else {
                if add(destination, to: service) { present += 1 }
                continue
            }
            guard before != destination.settings else { continue }
            let change = IPVSChange(
                .setDestination(destination.identity, destination.settings, of: service),
                previous: .destination(before))
            take(change, destination.settings.weight < before.weight ? \.lower : \.grow)
        }
        let drainTime = drainTime(of: service, desired.transports(of: service))
        var finished = [IPVS.DestinationIdentity]()
        for destination in found.destinations where wanted[destination.identity] == nil {
            if wanted.refusesClientsOfDrained || laid[service]?.out.contains(destination.identity) == true {
                drains.services[service]?.deadlines[destination.identity] = nil
                finished.append(destination.identity)
            } else if !leave(destination, of: service, within: drainTime) {
                finished.append(destination.identity)
            }
        }
        if present == finished.count, !wanted.destinations.isEmpty {
            unserved.insert(service)
            // As long as the table cannot be changed, it still sends packets to this service.
            if refused.contains(.table) { return }
        }
        for server in finished { take(IPVSChange(.deleteDestination(server, of: service)), \.remove) }
    }

    /// Withdraws a service that left the export as a whole. It stays admitted until its last real server has drained.
    private mutating func withdraw(_ service: IPVS.ServiceIdentity, _ found: VirtualService) {
        let admission = admission(of: service)
        if let deadlines = drains.services[service]?.deadlines {
            for server in deadlines.keys where found[server] == nil {
                drains.services[service]?.deadlines[server] = nil
            }
        }
        let drainTime = drainTime(of: service, transports(of: service, admission))
        // To conntrack, the next packet of an IPVS connection is the first of a new flow, and would be translated.
        let isTaken = desired.isTranslated(service)
        var finished = [IPVS.DestinationIdentity]()
        for destination in found.destinations where isTaken || !leave(destination, of: service, within: drainTime) {
            finished.append(destination.identity)
        }
        if finished.count == found.destinations.count {
            release(service)
            candidates.formUnion(admission)
            // As long as the table cannot be changed, it still sends packets to this service.
            if refused.contains(.table), kernel.table?.admits(anyOf: admission) == true { return }
            take(IPVSChange(.deleteService(service)), \.remove)
        } else {
            for server in finished { take(IPVSChange(.deleteDestination(server, of: service)), \.remove) }
            drains.services[service]?.kept = admission
            candidates.formUnion(admission)
        }
    }

    /// Whether a real server that left the export stays for now, with weight 0, for at most `drainTime` seconds.
    private mutating func leave(
        _ destination: IPVS.Destination, of service: IPVS.ServiceIdentity, within drainTime: Int
    ) -> Bool {
        let stored = drains.services[service]?.deadlines[destination.identity]
        // A drain starts when the weight is lowered. If a drain was stored before a crash but had not started, it
        // starts now.
        let canBegin =
            destination.settings.weight > 0
            && !refused.contains(.setDestination(destination.identity, of: service))
        let deadline = canBegin ? nil : stored
        // Until the weight is lowered, another connection may be on its way.
        let isIdle = destination.settings.weight == 0 && connections[service, destination.identity] == 0
        let isOver = deadline.map { now >= $0 || isIdle } ?? false
        // A drain that has started goes on even if the elements that tell the service's protocols have gone from the
        // table.
        guard drainTime > 0 || stored != nil, !isOver else {
            drains.services[service]?.deadlines[destination.identity] = nil
            return false
        }
        drains.services[service, default: Drains.Service()].deadlines[destination.identity] =
            deadline ?? now + drainTime
        if destination.settings.weight > 0 {
            var settings = destination.settings
            settings.weight = 0
            take(
                IPVSChange(
                    .setDestination(destination.identity, settings, of: service),
                    previous: .destination(destination.settings)),
                \.lower)
        }
        return true
    }

    /// Seconds that a real server of the service may keep its connections; 0: it is removed at once.
    private func drainTime(
        of service: IPVS.ServiceIdentity, _ transports: some Collection<TransportProtocol>
    ) -> Int {
        let time = desired.drainTimes[service] ?? departed[service] ?? drainTime
        // No protocol is known: either nothing was admitted for the service, or the elements that tell the protocols
        // have gone. A known drain keeps its full time.
        guard !transports.isEmpty else { return drains.services[service] == nil ? 0 : time }
        return Self.hasConnections(transports) ? time : min(time, Drains.datagramGrace)
    }

    /// Whether any protocol has connections whose end can be waited for. UDP has none.
    private static func hasConnections(_ transports: some Sequence<TransportProtocol>) -> Bool {
        transports.contains { $0 != .udp }
    }

    private mutating func release(_ service: IPVS.ServiceIdentity) {
        guard let drain = drains.services.removeValue(forKey: service) else { return }
        candidates.formUnion(drain.kept)
    }

    // MARK: The table

    /// The elements that admit and mark packets for a service that is no longer in the export.
    private mutating func admission(of service: IPVS.ServiceIdentity) -> Set<TableElement> {
        let kept = drains.services[service]?.kept ?? []
        // As long as the table cannot be changed, it still holds elements that had to give way to the export.
        guard kept.isEmpty || refused.contains(.table) else { return kept }
        if admissionIndex == nil { admissionIndex = kernel.table?.elements.admissions ?? [:] }
        return kept.union(admissionIndex?[service] ?? [])
    }

    private func transports(
        of service: IPVS.ServiceIdentity, _ admission: Set<TableElement>
    ) -> Set<TransportProtocol> {
        if case .address(_, let transport, _) = service { return [transport] }
        return Set(admission.lazy.compactMap(\.transport))
    }

    /// Removes kept elements that conflict with elements that the export wants now: the export takes precedence over
    /// a drain. All elements of the same ports go together, since a port that is admitted but not marked would lead
    /// to the gateway itself.
    private mutating func yieldKeptElements(_ scope: Scope) {
        let kept = drains.kept
        guard !kept.isEmpty else { return }
        struct Place: Hashable {
            let address: IPAddress
            let transport: TransportProtocol?
        }
        let places = Dictionary(grouping: kept) { Place(address: $0.address, transport: $0.transport) }
        var losing = Set<TableElement>()
        // Elements that the export already wanted before were compared then.
        let wanted =
            switch scope {
            case .everything: desired.elements
            case .only(let changed): changed.elements.intersection(desired.elements)
            }
        for element in wanted where element.transport != nil {
            guard let neighbours = places[Place(address: element.address, transport: element.transport)] else {
                continue
            }
            for neighbour in neighbours where neighbour != element && neighbour.standsInTheWay(of: element) {
                losing.formUnion(neighbours.filter { $0.ports == neighbour.ports })
            }
        }
        guard !losing.isEmpty else { return }
        candidates.formUnion(losing)
        for service in Array(drains.services.keys) { drains.services[service]?.kept.subtract(losing) }
    }

    private mutating func compareTable(_ scope: Scope) {
        guard !refused.contains(.table) else { return }
        let kept = drains.kept
        let withheld = withheldElements()
        guard let table = kernel.table, table.shape != .altered else {
            plan.table = TableChange(
                skeleton: kernel.table == nil ? .absent : .altered,
                added: desired.elements.union(kept).subtracting(withheld).sorted())
            return
        }
        var (removed, added) = ([TableElement](), [TableElement]())
        switch scope {
        case .everything:
            for element in desired.elements where !table.elements.contains(element) && !withheld.contains(element) {
                added.append(element)
            }
            for element in kept where !table.elements.contains(element) && !desired.elements.contains(element) {
                added.append(element)
            }
            for element in table.elements
            where !kept.contains(element) && (!desired.elements.contains(element) || withheld.contains(element)) {
                removed.append(element)
            }
        case .only:
            for element in candidates {
                let isWanted = desired.elements.contains(element) || kept.contains(element)
                guard isWanted != table.elements.contains(element) else { continue }
                if isWanted { added.append(element) } else { removed.append(element) }
            }
            removed.append(contentsOf: piecesOfCandidates(in: table, kept).subtracting(removed))
        }
        plan.table = TableChange(removed: removed.sorted(), added: added.sorted())
        if case .rulesAltered(let strangers) = table.shape { plan.table.skeleton = .rules(strangers: strangers) }
        plan.table.keepCovered()
        plan.table.settleLimiters(in: table, isWhole: scope.isWhole)
    }

    /// The elements that would admit packets for virtual services that cannot accept any.
    private func withheldElements() -> Set<TableElement> {
        guard !unserved.isEmpty else { return [] }
        let admissions = desired.elements.admissions
        return unserved.reduce(into: []) { withheld, service in
            withheld.formUnion(admissions[service, default: []].lazy.filter { $0.transport != nil })
        }
    }

    /// Elements that `keepCovered` left in place of a wider or narrower candidate, and that neither the export nor a
    /// drain wants by themselves.
    private func piecesOfCandidates(in table: KernelState.Table, _ kept: Set<TableElement>) -> Set<TableElement> {
        let missing = Dictionary(
            grouping: candidates.filter { $0.lane != nil && !table.elements.contains($0) }, by: \.lane)
        guard !missing.isEmpty else { return [] }
        return table.elements.filter { element in
            guard let lane = element.lane, let whole = missing[lane] else { return false }
            return whole.contains { $0.collides(with: element) } && !desired.elements.contains(element)
                && !kept.contains(element)
        }
    }
}

extension TableElement {
    /// Whether a kept element conflicts with a wanted one: the kernel would refuse to hold both, or the kept one
    /// would mark packets that the wanted one admits. IPVS looks for the service of a mark before that of an address.
    fileprivate func standsInTheWay(of wanted: Self) -> Bool {
        if collides(with: wanted) { return true }
        guard case .mark(_, _, let marked, _) = self, let ports = wanted.ports else { return false }
        return marked.overlaps(ports)
    }
}

extension KernelState.Table {
    fileprivate func admits(anyOf elements: Set<TableElement>) -> Bool {
        elements.contains { $0.transport != nil && self.elements.contains($0) }
    }
}
