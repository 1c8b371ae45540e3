public import Netlink
public import NetworkTypes
public import ServicesExport

/// What the kernel should hold for an export: virtual services and elements of our table.
///
/// Kept up to date group by group, so that a newer export costs what differs.
public struct DesiredState: Sendable {
    public private(set) var services: [IPVS.ServiceIdentity: VirtualService] = [:]
    public private(set) var elements: Set<TableElement> = []
    /// Seconds that real servers may keep their connections when they leave, where the section says so.
    public private(set) var drainTimes: [IPVS.ServiceIdentity: Int] = [:]
    /// Ports under destination NAT, those too that no server is ready for.
    public private(set) var translations: [Conntrack.Destination: ExportGroup] = [:]
    /// Real servers, each once per virtual service.
    public private(set) var serverCount = 0
    /// How many public endpoints the export has: each external connection once per address.
    public private(set) var endpointCount = 0
    /// How many groups stand on an address.
    private var addressUses: [IPAddress: Int] = [:]
    /// Groups whose servers' answers pass through this machine, by family.
    private var forwarded: [AddressFamily: Int] = [:]
    /// What limits ports to sources, by address.
    private var limits: [IPAddress: Set<TableElement>] = [:]
    /// The protocols of a mark's groups: one virtual service for all of them.
    private var markTransports: [IPVS.ServiceIdentity: [TransportProtocol]] = [:]

    /// What a change of the export may have changed.
    public struct Changes: Sendable {
        public var services: Set<IPVS.ServiceIdentity> = []
        public var elements: Set<TableElement> = []
        /// Drain times of services that have left, where their sections had any.
        public var drainTimes: [IPVS.ServiceIdentity: Int] = [:]
        /// Ports under destination NAT.
        public var translations: Set<Conntrack.Destination> = []

        public init() {}

        public mutating func formUnion(_ other: Self) {
            services.formUnion(other.services)
            elements.formUnion(other.elements)
            translations.formUnion(other.translations)
            drainTimes.merge(other.drainTimes) { $1 }
        }
    }

    public init() {}

    public init(_ document: ServicesDocument) {
        _ = apply(ExportChanges(added: document.groups))
    }

    /// The families in which servers' answers pass through this machine, and it has to forward.
    public var forwardedFamilies: Set<AddressFamily> { Set(forwarded.lazy.filter { $0.value > 0 }.map(\.key)) }

    /// Every public address of the export.
    public var addresses: some Sequence<IPAddress> { addressUses.keys }

    public func contains(address: IPAddress) -> Bool { addressUses[address] != nil }

    /// The protocols whose connections the service takes.
    public func transports(of service: IPVS.ServiceIdentity) -> [TransportProtocol] {
        switch service {
        case .address(_, let transport, _): [transport]
        case .mark: markTransports[service] ?? []
        }
    }

    /// Whom packets to a port may be from, whichever method takes them; empty: everybody, or the port is not exported.
    package func sources(of port: Conntrack.Destination) -> [AddressPrefix] {
        (limits[port.address] ?? []).compactMap { element in
            guard case .source(_, port.transport, let ports, let source) = element, ports.contains(port.port) else {
                return nil
            }
            return source
        }.sorted()
    }

    /// Follows a change of the export.
    public mutating func apply(_ changes: ExportChanges) -> Changes {
        var changed = Changes()
        for group in changes.removed { remove(group, &changed) }
        for group in changes.added { add(group, &changed) }
        return changed
    }

    private mutating func remove(_ group: ExportGroup, _ changed: inout Changes) {
        for identity in group.virtualServices {
            changed.services.insert(identity)
            if case .mark = identity {
                markTransports[identity]?.removeAll { $0 == group.connection.transport }
                guard markTransports[identity]?.isEmpty != false else { continue }
                markTransports[identity] = nil
            }
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
        for port in group.translatedPorts {
            changed.translations.insert(port)
            translations[port] = nil
        }
        endpointCount -= group.connection.addresses.count
        for address in group.connection.addresses {
            addressUses[address, default: 1] -= 1
            guard addressUses[address] == 0 else { continue }
            addressUses[address] = nil
            changed.elements.insert(.address(address))
            elements.remove(.address(address))
        }
    }

    private mutating func add(_ group: ExportGroup, _ changed: inout Changes) {
        let identities = group.virtualServices
        if !identities.isEmpty {
            let service = group.virtualService
            for identity in identities {
                changed.services.insert(identity)
                serverCount -= services.updateValue(service, forKey: identity)?.destinations.count ?? 0
                serverCount += service.destinations.count
                drainTimes[identity] = group.connection.drainTime
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
        for port in group.translatedPorts {
            changed.translations.insert(port)
            translations[port] = group
        }
        endpointCount += group.connection.addresses.count
        for address in group.connection.addresses {
            addressUses[address, default: 0] += 1
            guard addressUses[address] == 1 else { continue }
            changed.elements.insert(.address(address))
            elements.insert(.address(address))
        }
    }
}
