import Names
public import NetworkTypes
public import ServicesExport
public import YAML

/// The external connections that a service type asks for.
public struct GatewaySection: Sendable, Hashable {
    public var name: String
    /// The name of the pool; each location has its own addresses for it.
    public var pool: String
    public var exposure: Exposure
    public var scheduler: Scheduler
    /// The weight of instances that have none of their own: 0 to 65,535.
    public var weight: Int
    /// The weight of instances that have another variant than the main one, and no weight of their own; `nil`: a tenth
    /// of `weight`.
    public var debugWeight: Int?
    /// Seconds for which a client stays with its server; 0: none.
    public var persistence: Int
    /// Seconds for which an instance that leaves keeps its connections; 0: it is removed at once; `nil`: the
    /// gateway's setting applies.
    public var drainTime: Int?
    public var method: ForwardingMethod
    /// Networks whose clients may connect, ascending, none inside another; empty: all.
    public var sources: [AddressPrefix]
    /// Limits, hairpin, health.
    public var options: SectionOptions
    /// Where the section starts.
    public var position: YAMLPosition

    /// What the section makes reachable: single ports, or ranges of ports with a firewall mark.
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

    /// The public ports, ascending, with adjacent ones joined.
    public var publicPorts: [PortRange] {
        switch exposure {
        case .ports(let mappings, _): mappings.compactMap { PortRange($0.publicPort) }
        case .mark(let mark): mark.ports
        }
    }
}

extension GatewaySection {
    /// The weight that a ready instance has here: its own, or that of the section for its variant.
    func weight(of instance: ServiceInstance) -> Int {
        instance.weight ?? (instance.installation?.version.isOtherVariant == true ? weightOfVariants : weight)
    }

    /// The weight of other variants, such as builds with a sanitizer, which are slow: a tenth when nothing is said, and
    /// not 0 unless all have that. Under `dnat` one instance gets all.
    private var weightOfVariants: Int {
        method == .dnat ? weight : debugWeight ?? (weight == 0 ? 0 : max(1, weight / 10))
    }

    /// Whether UDP is a virtual service apart from the other protocols of the mark.
    ///
    /// A draining real server keeps its TCP connections, which end. It would also keep its UDP flows, which do not
    /// end; only a virtual service for UDP alone can drop them. UDP is not separated with persistence, which ties a
    /// client over all protocols of a mark, nor where `mark` names one for all.
    public var separatesDatagrams: Bool {
        guard sharesDatagrams, persistence == 0, case .mark(let fwm) = exposure else { return false }
        return fwm.mark == nil || fwm.datagramMark != nil
    }

    /// Whether UDP is one of several protocols of a mark.
    var sharesDatagrams: Bool {
        guard case .mark(let fwm) = exposure else { return false }
        return fwm.protocols.count > 1 && fwm.protocols.contains(.udp)
    }

    /// The marks that the section needs: its own, and that of UDP if it is separate.
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
    /// The mark that the section names; `nil`: any.
    package let mark: UInt32?
    package let position: YAMLPosition
}

/// A public port and the port on which the service listens.
public struct PortMapping: Sendable, Hashable {
    public let publicPort: UInt16
    public let internalPort: UInt16

    public init(publicPort: UInt16, internalPort: UInt16) {
        self.publicPort = publicPort
        self.internalPort = internalPort
    }
}

/// `fwm`: ranges of ports on every address of the pool as one virtual service, which keeps the client's port.
public struct FirewallMarkSection: Sendable, Hashable {
    /// Ascending, not adjacent.
    public var ports: [PortRange]
    /// Ascending.
    public var protocols: [TransportProtocol]
    /// The mark; `nil`: ADMIN allocates one, which then stays the same.
    public var mark: UInt32?
    /// The place of the mark in the file, for errors about it.
    public var markPosition: YAMLPosition?
    /// The mark of UDP; `nil`: like `mark`, if UDP has a mark of its own (`GatewaySection.separatesDatagrams`).
    public var datagramMark: UInt32?
    /// Where the mark of UDP is written, for errors about it.
    public var datagramMarkPosition: YAMLPosition?

    /// The marks that gateways reserve for Portcullis.
    public static let marks: ClosedRange<UInt32> = 256...65_535
}
