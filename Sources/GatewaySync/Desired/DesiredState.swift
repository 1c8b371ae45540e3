public import Netlink
public import NetworkTypes
public import ServicesExport

/// The state that the kernel should have for an export: virtual services, and the elements of table `inet
/// portcullis`.
///
/// It is updated group by group, so that adopting a newer export costs only what differs.
public struct DesiredState: Sendable {
    /// The virtual services, with their real servers.
    public private(set) var services: [IPVS.ServiceIdentity: VirtualService] = [:]
    /// The elements of table `inet portcullis`.
    public private(set) var elements: Set<TableElement> = []
    /// Seconds that real servers of a service may keep their connections after they have left. Only services whose
    /// section sets a drain time are listed.
    public private(set) var drainTimes: [IPVS.ServiceIdentity: Int] = [:]
    /// How real servers are checked, of the services that are, or that have a sorry server.
    package private(set) var health: [IPVS.ServiceIdentity: ServiceHealth] = [:]
    /// Ports under destination NAT, including those without a ready server.
    public private(set) var translations: [Conntrack.Destination: ExportGroup] = [:]
    /// Real servers, each once per virtual service.
    public private(set) var serverCount = 0
    /// How many public endpoints the export has: each external connection once per address.
    public private(set) var endpointCount = 0
    /// The rules by which inside networks reach the world.
    private(set) var egress: Set<EgressRule> = []
    /// The groups that have a real server of weight 0.
    private(set) var drainingGroups: [ObjectIdentifier: ExportGroup] = [:]
    /// How many groups and egress rules use an address.
    private var addressUses: [IPAddress: Int] = [:]
    /// How many groups have their servers' answers pass through this machine, and how many egress rules there are, by
    /// family.
    private var forwarded: [AddressFamily: Int] = [:]
    /// How many groups need their connections in conntrack.
    private var tracked = 0
    /// The elements that restrict ports to source prefixes, by address.
    private var limits: [IPAddress: Set<TableElement>] = [:]
    /// The protocols of the groups that share a mark, and so one virtual service.
    private var markTransports: [IPVS.ServiceIdentity: [TransportProtocol]] = [:]

    /// What a change of the export may have changed.
    public struct Changes: Sendable {
        /// Virtual services that were added, removed or replaced.
        public var services: Set<IPVS.ServiceIdentity> = []
        /// Elements that were added or removed.
        public var elements: Set<TableElement> = []
        /// Drain times of services that have left the export and whose section set one.
        public var drainTimes: [IPVS.ServiceIdentity: Int] = [:]
        /// Ports under destination NAT.
        public var translations: Set<Conntrack.Destination> = []

        public init() {}

        /// Adds the changes of `other`. Its drain times win.
        public mutating func formUnion(_ other: Self) {
            services.formUnion(other.services)
            elements.formUnion(other.elements)
            translations.formUnion(other.translations)
            drainTimes.merge(other.drainTimes) { $1 }
        }
    }

    public init() {}

    /// The desired state for a whole export. Walks over all its groups.
    public init(_ document: ServicesDocument) {
        _ = apply(ExportChanges(added: document.groups, egress: document.egress))
    }

    /// The families whose packets this machine must forward: its servers' answers pass through it, or inside networks
    /// leave by it.
    public var forwardedFamilies: Set<AddressFamily> { Set(forwarded.lazy.filter { $0.value > 0 }.map(\.key)) }

    /// Whether conntrack must know the connections of IPVS: to send those of machines inside on with the gateway's
    /// address, or to count the connections of each source.
    public var needsTracking: Bool { tracked > 0 }

    /// Whether any real server has weight 0.
    public var hasDraining: Bool { !drainingGroups.isEmpty }

    /// Every public address of the export.
    public var addresses: some Sequence<IPAddress> { addressUses.keys }

    /// Whether the export has the public address.
    public func contains(address: IPAddress) -> Bool { addressUses[address] != nil }

    /// The protocols that the service accepts; empty for a mark that is not in the export.
    public func transports(of service: IPVS.ServiceIdentity) -> [TransportProtocol] {
        switch service {
        case .address(_, let transport, _): [transport]
        case .mark: markTransports[service] ?? []
        }
    }

    /// The source prefixes that may send packets to a port, whatever its forwarding method. Empty when anybody may,
    /// or when the port is not exported. Ascending.
    package func sources(of port: Conntrack.Destination) -> [AddressPrefix] {
        (limits[port.address] ?? []).compactMap { element in
            guard case .source(_, port.transport, let ports, let source) = element, ports.contains(port.port) else {
                return nil
            }
            return source
        }.sorted()
    }

    /// Follows a change of the export.
    /// - Returns: what may now differ from the kernel. Cost: grows with the changed groups only.
    public mutating func apply(_ changes: ExportChanges) -> Changes {
        var changed = Changes()
        for group in changes.removed { remove(group, &changed) }
        for group in changes.added { add(group, &changed) }
        if let rules = changes.egress { replace(egress: Set(rules), &changed) }
        return changed
    }

    private mutating func replace(egress rules: Set<EgressRule>, _ changed: inout Changes) {
        for rule in egress.subtracting(rules) {
            changed.elements.formUnion(rule.elements)
            elements.subtract(rule.elements)
            forwarded[rule.family, default: 0] -= 1
            release(rule.addresses, &changed)
        }
        for rule in rules.subtracting(egress) {
            changed.elements.formUnion(rule.elements)
            elements.formUnion(rule.elements)
            forwarded[rule.family, default: 0] += 1
            use(rule.addresses, &changed)
        }
        egress = rules
    }

    private mutating func use(_ addresses: [IPAddress], _ changed: inout Changes) {
        for address in addresses {
            addressUses[address, default: 0] += 1
            guard addressUses[address] == 1 else { continue }
            changed.elements.insert(.address(address))
            elements.insert(.address(address))
        }
    }

    private mutating func release(_ addresses: [IPAddress], _ changed: inout Changes) {
        for address in addresses {
            addressUses[address, default: 1] -= 1
            guard addressUses[address] == 0 else { continue }
            addressUses[address] = nil
            changed.elements.insert(.address(address))
            elements.remove(.address(address))
        }
    }

    private mutating func remove(_ group: ExportGroup, _ changed: inout Changes) {
        drainingGroups[ObjectIdentifier(group)] = nil
        for identity in group.virtualServices {
            changed.services.insert(identity)
            if case .mark = identity {
                markTransports[identity]?.removeAll { $0 == group.connection.transport }
                guard markTransports[identity]?.isEmpty != false else { continue }
                markTransports[identity] = nil
            }
            health[identity] = nil
            serverCount -= services.removeValue(forKey: identity)?.destinations.count ?? 0
            changed.drainTimes[identity] = drainTimes.removeValue(forKey: identity)
        }
        for element in group.elements {
            changed.elements.insert(element)
            elements.remove(element)
            if element.kind == .sources {
                limits[element.address]?.remove(element)
                if limits[element.address]?.isEmpty == true { limits[element.address] = nil }
            }
        }
        if group.connection.method.isAnswerForwarded { forwarded[group.connection.family, default: 0] -= 1 }
        if group.connection.needsTracking { tracked -= 1 }
        for port in group.translatedPorts {
            changed.translations.insert(port)
            translations[port] = nil
        }
        endpointCount -= group.connection.addresses.count
        release(group.connection.addresses, &changed)
    }

    private mutating func add(_ group: ExportGroup, _ changed: inout Changes) {
        if group.servers.contains(where: { $0.weight == 0 }) { drainingGroups[ObjectIdentifier(group)] = group }
        let identities = group.virtualServices
        if !identities.isEmpty {
            let service = group.virtualService
            let health = group.health
            for identity in identities {
                changed.services.insert(identity)
                serverCount -= services.updateValue(service, forKey: identity)?.destinations.count ?? 0
                serverCount += service.destinations.count
                drainTimes[identity] = group.connection.drainTime
                self.health[identity] = health
                if case .mark = identity {
                    markTransports[identity, default: []].append(group.connection.transport)
                }
            }
        }
        for element in group.elements {
            changed.elements.insert(element)
            elements.insert(element)
            if element.kind == .sources { limits[element.address, default: []].insert(element) }
        }
        if group.connection.method.isAnswerForwarded { forwarded[group.connection.family, default: 0] += 1 }
        if group.connection.needsTracking { tracked += 1 }
        for port in group.translatedPorts {
            changed.translations.insert(port)
            translations[port] = group
        }
        endpointCount += group.connection.addresses.count
        use(group.connection.addresses, &changed)
    }
}
