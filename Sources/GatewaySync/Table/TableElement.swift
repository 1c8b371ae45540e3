public import NetworkTypes

/// One element of a set or map of table `inet portcullis`.
public enum TableElement: Sendable, Hashable {
    /// A public address of ours. Packets to it are dropped unless another element admits them.
    case address(IPAddress)
    /// An admitted port.
    case port(IPAddress, TransportProtocol, UInt16)
    /// An admitted range of ports.
    case range(IPAddress, TransportProtocol, PortRange)
    /// Ports that are admitted for sources in a prefix.
    case source(IPAddress, TransportProtocol, PortRange, AddressPrefix)
    /// Ports whose packets get a firewall mark.
    case mark(IPAddress, TransportProtocol, PortRange, UInt32)
    /// A port whose packets are sent to another address and port, without IPVS.
    case dnat(IPAddress, TransportProtocol, UInt16, to: IPAddress, port: UInt16)
    /// Ports whose new connections are limited; with `isTranslated`, those of destination NAT.
    indirect case limit(IPAddress, TransportProtocol, PortRange, ConnectionLimiter, isTranslated: Bool)
    /// Ports that machines in a prefix reach from inside: they are sent on with the gateway's own address.
    case hairpin(IPAddress, TransportProtocol, PortRange, AddressPrefix)
    /// An inside network that leaves by public addresses of ours.
    case inside(AddressPrefix)
    /// Destinations that the machines of an inside network reach with their own addresses.
    case exempt(AddressPrefix, to: AddressPrefix)
    /// The public address by which an inside network leaves; with `slots`, the part of it whose hash is in that range.
    case egress(AddressPrefix, slots: ClosedRange<UInt32>?, by: IPAddress)

    /// The public address of the key, or the first address of the inside network.
    public var address: IPAddress {
        switch self {
        case .address(let address), .port(let address, _, _), .range(let address, _, _),
            .source(let address, _, _, _), .mark(let address, _, _, _), .dnat(let address, _, _, _, _),
            .limit(let address, _, _, _, _), .hairpin(let address, _, _, _):
            address
        case .inside(let network), .exempt(let network, _), .egress(let network, _, _): network.first
        }
    }

    /// The transport protocol of the key; `nil` for an address and for inside networks.
    public var transport: TransportProtocol? {
        switch self {
        case .address, .inside, .exempt, .egress: nil
        case .port(_, let transport, _), .range(_, let transport, _), .source(_, let transport, _, _),
            .mark(_, let transport, _, _), .dnat(_, let transport, _, _, _), .limit(_, let transport, _, _, _),
            .hairpin(_, let transport, _, _):
            transport
        }
    }

    /// The ports of the key; `nil` for an address and for inside networks.
    public var ports: PortRange? {
        switch self {
        case .address, .inside, .exempt, .egress: nil
        case .port(_, _, let port), .dnat(_, _, let port, _, _): PortRange(port)
        case .range(_, _, let ports), .source(_, _, let ports, _), .mark(_, _, let ports, _),
            .limit(_, _, let ports, _, _), .hairpin(_, _, let ports, _):
            ports
        }
    }

    /// What limits the ports; `nil` for an element that limits none.
    public var limiter: ConnectionLimiter? {
        if case .limit(_, _, _, let limiter, _) = self { limiter } else { nil }
    }

    /// Whether the kernel refuses to hold both elements, since their keys are equal or overlap within one set.
    public func collides(with other: Self) -> Bool {
        switch (self, other) {
        case (.inside(let a), .inside(let b)): return a.overlaps(b)
        case (.exempt(let a, let aTarget), .exempt(let b, let bTarget)):
            return a.overlaps(b) && aTarget.overlaps(bTarget)
        case (.egress(let a, let aSlots, _), .egress(let b, let bSlots, _)):
            guard (aSlots == nil) == (bSlots == nil), a.overlaps(b) else { return false }
            return aSlots.map { aSlots in bSlots.map(aSlots.overlaps) ?? true } ?? true
        default: break
        }
        guard address == other.address, transport == other.transport else { return false }
        switch (self, other) {
        case (.address, .address): return true
        case (.port(_, _, let a), .port(_, _, let b)), (.dnat(_, _, let a, _, _), .dnat(_, _, let b, _, _)):
            return a == b
        case (.range(_, _, let a), .range(_, _, let b)), (.mark(_, _, let a, _), .mark(_, _, let b, _)):
            return a.overlaps(b)
        case (.limit(_, _, let a, _, let isTranslated), .limit(_, _, let b, _, let isOtherTranslated)):
            return isTranslated == isOtherTranslated && a.overlaps(b)
        case (.source(_, _, let a, let aPrefix), .source(_, _, let b, let bPrefix)),
            (.hairpin(_, _, let a, let aPrefix), .hairpin(_, _, let b, let bPrefix)):
            return a.overlaps(b) && aPrefix.overlaps(bPrefix)
        default: return false
        }
    }

    private var order: (Int, IPAddress, UInt8, UInt16, UInt16) {
        let kind =
            switch self {
            case .address: 0
            case .port: 1
            case .range: 2
            case .source: 3
            case .mark: 4
            case .dnat: 5
            case .limit(_, _, _, _, isTranslated: false): 6
            case .limit: 7
            case .hairpin: 8
            case .inside: 9
            case .exempt: 10
            case .egress(_, slots: nil, _): 11
            case .egress: 12
            }
        return (kind, address, transport?.rawValue ?? 0, ports?.first ?? 0, ports?.last ?? 0)
    }

    private var detail: (IPAddress?, Int) {
        switch self {
        case .source(_, _, _, let prefix), .hairpin(_, _, _, let prefix), .inside(let prefix):
            (prefix.address, prefix.length)
        case .exempt(let network, let prefix): (prefix.address, network.length << 8 + prefix.length)
        case .egress(let network, let slots, let address):
            (address, network.length << 32 + Int(slots?.lowerBound ?? 0))
        case .mark(_, _, _, let mark): (nil, Int(mark))
        case .dnat(_, _, _, let to, let port): (to, Int(port))
        default: (nil, 0)
        }
    }
}

extension TableElement: Comparable {
    /// Orders by set, and by key within a set.
    public static func < (a: Self, b: Self) -> Bool {
        let (x, y) = (a.order, b.order)
        if x != y { return x < y }
        if let p = a.detail.0, let q = b.detail.0, p != q { return p < q }
        return a.detail.1 < b.detail.1
    }
}
