package import NetworkTypes

extension TableChange {
    /// Leaves interval elements in place whose ports stay covered, and adds only what is missing beside them.
    ///
    /// A transaction that replaces 20000-29999 by 20000-30999 loses packets: from the moment the generation changes
    /// until the set's new copy is swapped in, a lookup finds the old element, which is no longer active, and not yet
    /// the new one (`nft_set_pipapo.c` before Linux 6.17). An element that stays is found all the time.
    mutating func keepCovered() {
        guard !removed.isEmpty, !added.isEmpty else { return }
        let leaving = Self.admissions(in: removed)
        let coming = Dictionary(grouping: Self.admissions(in: added)) { $0.key.place }
        var standing = [Admission: [PortRange]]()
        for (old, lanes) in leaving {
            // The elements that admit ports and those that mark them stay or go together.
            let cover = coming[old.place]?.first { $0.key.ports.covers(old.ports) && $0.value == lanes }
            if let cover { standing[cover.key, default: []].append(old.ports) }
        }
        guard !standing.isEmpty else { return }
        let kept = Set(standing.flatMap { cover, pieces in pieces.map { Admission(place: cover.place, ports: $0) } })
        removed.removeAll { element in element.admission.map(kept.contains) ?? false }
        added = added.flatMap { element -> [TableElement] in
            guard let admission = element.admission, let pieces = standing[admission] else { return [element] }
            return admission.ports.subtracting(pieces).map(element.with(ports:))
        }
    }

    private static func admissions(in elements: [TableElement]) -> [Admission: Set<TableElement.Lane>] {
        elements.reduce(into: [:]) { found, element in
            guard let admission = element.admission, let lane = element.lane else { return }
            found[admission, default: []].insert(lane)
        }
    }
}

/// Ports of a public address, as interval elements admit and mark them.
private struct Admission: Hashable {
    struct Place: Hashable {
        package let address: IPAddress
        package let transport: TransportProtocol
    }

    package let place: Place
    package let ports: PortRange
}

extension TableElement {
    /// What two interval elements have in common if only their ports differ.
    struct Lane: Hashable {
        package enum Kind: Hashable {
            case range
            case source(AddressPrefix)
            case mark(UInt32)
        }

        package let kind: Kind
        package let address: IPAddress
        package let transport: TransportProtocol
    }

    /// The lane of an interval element that admits or marks; `nil` for any other.
    var lane: Lane? {
        switch self {
        case .range(let address, let transport, _): Lane(kind: .range, address: address, transport: transport)
        case .source(let address, let transport, _, let prefix):
            Lane(kind: .source(prefix), address: address, transport: transport)
        case .mark(let address, let transport, _, let mark):
            Lane(kind: .mark(mark), address: address, transport: transport)
        case .address, .port, .dnat, .limit, .hairpin, .inside, .exempt, .egress: nil
        }
    }

    fileprivate var admission: Admission? {
        guard let lane, let ports else { return nil }
        return Admission(place: .init(address: lane.address, transport: lane.transport), ports: ports)
    }

    fileprivate func with(ports: PortRange) -> Self {
        switch self {
        case .range(let address, let transport, _): .range(address, transport, ports)
        case .source(let address, let transport, _, let prefix): .source(address, transport, ports, prefix)
        case .mark(let address, let transport, _, let mark): .mark(address, transport, ports, mark)
        case .address, .port, .dnat, .limit, .hairpin, .inside, .exempt, .egress: self
        }
    }
}

extension PortRange {
    fileprivate func covers(_ other: Self) -> Bool { first <= other.first && other.last <= last }

    /// The ports that remain without those of the other ranges, ascending.
    package func subtracting(_ others: [PortRange]) -> [PortRange] {
        var rest = [PortRange]()
        var next = first
        for other in others.sorted() where other.last >= next && other.first <= last {
            if other.first > next, let piece = PortRange(next, other.first - 1) { rest.append(piece) }
            guard other.last < last else { return rest }
            next = other.last + 1
        }
        if let piece = PortRange(next, last) { rest.append(piece) }
        return rest
    }
}
