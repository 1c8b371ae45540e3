public import Netlink
public import NetworkTypes

extension TableElement {
    /// The kind of set or map that the element belongs to.
    public var kind: PortcullisTable.Kind {
        switch self {
        case .address: .addresses
        case .port: .ports
        case .range: .ranges
        case .source: .sources
        case .mark: .marks
        case .dnat: .dnat
        case .limit(_, _, _, _, let isTranslated): isTranslated ? .dnatlimits : .limits
        case .hairpin: .hairpins
        case .inside: .inside
        case .exempt: .exempt
        case .egress(_, let slots, _): slots == nil ? .egress : .spread
        }
    }

    /// The set or map the element belongs to.
    public var set: Nftables.SetDefinition { PortcullisTable.set(kind, address.family) }

    /// The element in the kernel's form.
    public var setElement: Nftables.SetElement {
        switch self {
        case .address(let address):
            Nftables.SetElement(.init(address))
        case .port(let address, let transport, let port):
            Nftables.SetElement(.init(address, transport, port))
        case .range(let address, let transport, let ports):
            Nftables.SetElement(
                .init(address, transport, ports.first), to: .init(address, transport, ports.last))
        case .source(let address, let transport, let ports, let prefix):
            Nftables.SetElement(
                .init(address, transport, ports.first, prefix.first),
                to: .init(address, transport, ports.last, prefix.last))
        case .mark(let address, let transport, let ports, let mark):
            Nftables.SetElement(
                .init(address, transport, ports.first), to: .init(address, transport, ports.last),
                data: .init(mark: mark))
        case .dnat(let address, let transport, let port, let to, let toPort):
            Nftables.SetElement(.init(address, transport, port), data: .init(to, toPort))
        case .limit(let address, let transport, let ports, let limiter, _):
            Nftables.SetElement(
                .init(address, transport, ports.first), to: .init(address, transport, ports.last),
                verdict: .jump(limiter.name))
        case .hairpin(let address, let transport, let ports, let prefix):
            Nftables.SetElement(
                .init(address, transport, ports.first, prefix.first),
                to: .init(address, transport, ports.last, prefix.last),
                data: .init(mark: PortcullisTable.hairpinMark))
        case .inside(let network):
            Nftables.SetElement(.init(network.first, networkOrder: 0), to: .init(network.last, networkOrder: .max))
        case .exempt(let network, let target):
            Nftables.SetElement(.init(network.first, target.first), to: .init(network.last, target.last))
        case .egress(let network, let slots, let address):
            Nftables.SetElement(
                .init(network.first, networkOrder: slots?.lowerBound ?? 0),
                to: .init(network.last, networkOrder: slots?.upperBound ?? .max), data: .init(address))
        }
    }

    /// Reads an element from the kernel; `nil` if Portcullis cannot have written it.
    public init?(_ element: Nftables.SetElement, kind: PortcullisTable.Kind, family: AddressFamily) {
        let size = family.bitWidth / 8
        let (key, end) = (element.key, element.keyEnd ?? element.key)
        if kind.isOfNetworks {
            self.init(network: element, kind: kind, family: family)
            return
        }
        guard let address = key.address(family), end.address(family) == address else { return nil }
        if kind == .addresses {
            self = .address(address)
            return
        }
        guard let transport = key.transport(at: size), end.transport(at: size) == transport,
            let first = key.port(at: size + 4), let last = end.port(at: size + 4),
            let ports = PortRange(first, last)
        else { return nil }
        switch kind {
        case .addresses, .inside, .exempt, .egress, .spread: return nil
        case .ports: self = .port(address, transport, first)
        case .ranges: self = .range(address, transport, ports)
        case .sources:
            guard let low = key.address(family, at: size + 8), let high = end.address(family, at: size + 8),
                let prefix = AddressPrefix(first: low, last: high)
            else { return nil }
            self = .source(address, transport, ports, prefix)
        case .marks:
            guard let mark = element.data?.hostOrder() else { return nil }
            self = .mark(address, transport, ports, mark)
        case .dnat:
            guard let to = element.data?.address(family), let port = element.data?.port(at: size) else { return nil }
            self = .dnat(address, transport, first, to: to, port: port)
        case .limits, .dnatlimits:
            guard case .jump(let name)? = element.verdict, let limiter = ConnectionLimiter(name: name) else {
                return nil
            }
            self = .limit(address, transport, ports, limiter, isTranslated: kind == .dnatlimits)
        case .hairpins:
            guard element.data?.hostOrder() == PortcullisTable.hairpinMark,
                let low = key.address(family, at: size + 8), let high = end.address(family, at: size + 8),
                let prefix = AddressPrefix(first: low, last: high)
            else { return nil }
            self = .hairpin(address, transport, ports, prefix)
        }
    }

    /// Reads an element of a set of inside networks.
    private init?(network element: Nftables.SetElement, kind: PortcullisTable.Kind, family: AddressFamily) {
        let size = family.bitWidth / 8
        let (key, end) = (element.key, element.keyEnd ?? element.key)
        guard let low = key.address(family), let high = end.address(family),
            let network = AddressPrefix(first: low, last: high)
        else { return nil }
        if kind == .exempt {
            guard let low = key.address(family, at: size), let high = end.address(family, at: size),
                let target = AddressPrefix(first: low, last: high)
            else { return nil }
            self = .exempt(network, to: target)
            return
        }
        guard let first = key.networkOrder(at: size), let last = end.networkOrder(at: size), first <= last else {
            return nil
        }
        if kind == .inside {
            guard first == 0, last == .max else { return nil }
            self = .inside(network)
            return
        }
        guard let address = element.data?.address(family) else { return nil }
        if kind == .egress {
            guard first == 0, last == .max else { return nil }
            self = .egress(network, slots: nil, by: address)
        } else {
            self = .egress(network, slots: first...last, by: address)
        }
    }
}

extension PortcullisTable.Kind {
    /// Whether the keys begin with an inside network.
    fileprivate var isOfNetworks: Bool {
        switch self {
        case .inside, .exempt, .egress, .spread: true
        case .addresses, .ports, .ranges, .sources, .marks, .dnat, .limits, .dnatlimits, .hairpins: false
        }
    }
}

extension AddressPrefix {
    /// The prefix from its lowest to its highest address; `nil` when no prefix has these ends.
    package init?(first: IPAddress, last: IPAddress) {
        guard first.family == last.family else { return nil }
        let host =
            first.high != last.high
            ? 64 + (first.high ^ last.high).significantBits : (first.low ^ last.low).significantBits
        guard let prefix = AddressPrefix(address: first, length: first.family.bitWidth - host), prefix.last == last
        else { return nil }
        self = prefix
    }
}

extension UInt64 {
    fileprivate var significantBits: Int { bitWidth - leadingZeroBitCount }
}

extension TableElement: CustomStringConvertible {
    /// `ports4 198.51.100.36 . tcp . 80`; a map's data follows a colon.
    public var description: String {
        switch self {
        case .source(let address, let transport, let ports, let prefix):
            return "\(set.name) \(address) . \(transport) . \(ports) . \(prefix)"
        case .inside(let network): return "\(set.name) \(network)"
        case .exempt(let network, let target): return "\(set.name) \(network) . \(target)"
        case .egress(let network, let slots, let address):
            let part = slots.map { " . \($0.lowerBound)-\($0.upperBound)" } ?? ""
            return "\(set.name) \(network)\(part) : \(address)"
        case .address, .port, .range, .mark, .dnat, .limit, .hairpin: break
        }
        return "\(set.name) \(setElement.text(in: set))"
    }
}
