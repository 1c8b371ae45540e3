public import NetworkTypes
public import ServicesExport
public import YAML

/// External connections a service type asks for.
public struct GatewaySection: Sendable, Hashable {
    public var name: String
    /// Name of the pool; the location says which addresses that are.
    public var pool: String
    public var exposure: Exposure
    public var scheduler: Scheduler
    /// For instances without a weight of their own: 0 to 65,535.
    public var weight: Int
    /// Seconds for which a client stays with its server; 0: none.
    public var persistence: Int
    /// Seconds for which an instance that leaves keeps its connections; 0: removed at once; `nil`: as the gateway
    /// has it.
    public var drainTime: Int?
    public var method: ForwardingMethod
    /// Clients that may connect, ascending, none inside another; empty: all.
    public var sources: [AddressPrefix]
    /// No new connections for an instance that has so many; 0: no limit.
    public var maximumConnections: Int
    /// Where the section starts.
    public var position: YAMLPosition

    public enum Exposure: Sendable, Hashable {
        case ports([PortMapping], protocols: [TransportProtocol])
        case mark(FirewallMarkSection)
    }

    /// Ascending.
    public var protocols: [TransportProtocol] {
        switch exposure {
        case .ports(_, let protocols): protocols
        case .mark(let mark): mark.protocols
        }
    }

    /// The public ports, ascending, not touching one another.
    public var publicPorts: [PortRange] {
        switch exposure {
        case .ports(let mappings, _): mappings.compactMap { PortRange($0.publicPort) }
        case .mark(let mark): mark.ports
        }
    }
}

extension GatewaySection {
    /// The oldest version of the export that can express the section.
    var minimumVersion: ServicesCSV.Version { .needed(maximumConnections: maximumConnections) }

    /// Whether UDP is a virtual service apart from the other protocols of the mark.
    ///
    /// A real server that drains keeps its TCP connections, which end, and would keep its UDP flows with them, which do
    /// not: only what UDP alone comes to can let them go. Not with persistence, which ties a client over all protocols
    /// of a mark; and not where `mark` names one for all.
    public var separatesDatagrams: Bool {
        guard sharesDatagrams, persistence == 0, case .mark(let fwm) = exposure else { return false }
        return fwm.mark == nil || fwm.datagramMark != nil
    }

    /// Whether UDP is one of several protocols under a mark.
    var sharesDatagrams: Bool {
        guard case .mark(let fwm) = exposure else { return false }
        return fwm.protocols.count > 1 && fwm.protocols.contains(.udp)
    }

    /// The marks that the section needs: its own, and UDP's where that is apart.
    func markWishes(of type: String) -> [MarkWish] {
        guard case .mark(let fwm) = exposure else { return [] }
        let section = SectionID(type: type, section: name)
        let own = MarkWish(id: MarkID(section), mark: fwm.mark, position: fwm.markPosition ?? position)
        guard separatesDatagrams else { return [own] }
        let datagrams = MarkWish(
            id: MarkID(section, .udp), mark: fwm.datagramMark, position: fwm.datagramMarkPosition ?? position)
        return [own, datagrams]
    }
}

/// A firewall mark that a section needs.
struct MarkWish {
    package let id: MarkID
    /// The one it names; `nil`: any.
    package let mark: UInt32?
    package let position: YAMLPosition
}

/// One public port and where the service listens.
public struct PortMapping: Sendable, Hashable {
    public let publicPort: UInt16
    public let internalPort: UInt16

    public init(publicPort: UInt16, internalPort: UInt16) {
        self.publicPort = publicPort
        self.internalPort = internalPort
    }
}

/// `fwm`: ranges of ports on every address of the pool as one virtual service; the client's port is kept.
public struct FirewallMarkSection: Sendable, Hashable {
    /// Ascending, apart from one another.
    public var ports: [PortRange]
    /// Ascending.
    public var protocols: [TransportProtocol]
    /// `nil`: allocated by ADMIN and stable from then on.
    public var mark: UInt32?
    /// Where the mark is written, for errors about it.
    public var markPosition: YAMLPosition?
    /// UDP's own; `nil`: as `mark`, where UDP has one of its own (`GatewaySection.separatesDatagrams`).
    public var datagramMark: UInt32?
    public var datagramMarkPosition: YAMLPosition?

    /// The marks gateways set aside for us.
    public static let marks: ClosedRange<UInt32> = 256...65_535
}
