import NetworkTypes
public import ServicesExport

/// Holds back an export that withdraws too much at once. Such an export is more likely to come from a mistake, or
/// from an ADMIN that has lost its registry, than to be what the operator wants. The guard only decides; it does no
/// input or output.
///
/// It counts public endpoints (an external connection on one address), the ready real servers behind them, and the
/// inside networks that leave by egress rules.
public struct ExportGuard: Sendable, Hashable {
    /// How much one export may withdraw.
    public struct Limit: Sendable, Hashable {
        /// The percentage of what exists that one export may withdraw, 0 to 100.
        public var share: Int
        /// The number that one export may always withdraw: a cloud with one service must be able to remove it.
        public var floor: Int

        /// - Parameters:
        ///   - share: a percentage, 0 to 100.
        ///   - floor: 0 or more.
        public init(share: Int, floor: Int) {
            self.share = share
            self.floor = floor
        }

        func isExceeded(by withdrawn: Int, of total: Int) -> Bool {
            withdrawn > floor && withdrawn * 100 > share * total
        }
    }

    /// The limit for public endpoints, and for inside networks.
    public var services = Limit(share: 50, floor: 4)
    /// The limit for the ready real servers behind one endpoint.
    public var servers = Limit(share: 50, floor: 2)

    public init() {}

    /// The reasons to hold back the next export; empty if it may pass.
    /// - Parameters:
    ///   - changes: from the export in force to the next one.
    ///   - egress: the egress rules in force.
    ///   - endpoints: the number of public endpoints in the export in force.
    ///   - isNextEmpty: whether the next export has no services at all.
    public func objections(
        to changes: ExportChanges, egress: [EgressRule] = [], endpoints: Int, isNextEmpty: Bool
    ) -> [String] {
        var objections = changes.egress.map { self.objections(toEgress: $0, from: egress) } ?? []
        let before = Census(changes.removed)
        guard !before.readyServers.isEmpty else { return objections }
        let after = Census(changes.added)
        let withdrawn = before.readyServers.keys.lazy.filter { after.readyServers[$0] == nil }.count
        if isNextEmpty, withdrawn > services.floor {
            objections.append("it is empty: all \(endpoints) public endpoints would go")
        } else if services.isExceeded(by: withdrawn, of: endpoints) {
            objections.append(
                "it withdraws \(withdrawn) of \(endpoints) public endpoints; at most \(services.share) % may go at once"
            )
        }
        let thinned = before.readyServers.compactMap { endpoint, ready -> (Endpoint, lost: Int, of: Int)? in
            guard let left = after.readyServers[endpoint], servers.isExceeded(by: ready - left, of: ready) else {
                return nil
            }
            return (endpoint, ready - left, ready)
        }
        let named = thinned.sorted { ($0.lost, $1.0) > ($1.lost, $0.0) }.prefix(3)
        objections += named.map { endpoint, lost, ready in
            "\(endpoint) loses \(lost) of \(ready) ready servers; at most \(servers.share) % may go at once"
        }
        if thinned.count > named.count { objections.append("\(thinned.count - named.count) more endpoints likewise") }
        return objections
    }

    private func objections(toEgress next: [EgressRule], from rules: [EgressRule]) -> [String] {
        let before = rules.filter(\.leadsOut).flatMap(\.sources)
        // A network that is only left in part counts as withdrawn.
        let after = next.filter(\.leadsOut).flatMap(\.sources).merged()
        let withdrawn = before.count { !after.mergedCover($0) }
        guard services.isExceeded(by: withdrawn, of: before.count) else { return [] }
        return [
            "it withdraws egress from \(withdrawn) of \(before.count) inside networks; at most \(services.share) % may "
                + "go at once"
        ]
    }

    /// The reasons to hold back a first export, compared with what an earlier process has left in the kernel. Walks
    /// over all elements of both.
    public func objections(to next: DesiredState, over table: KernelState.Table) -> [String] {
        objections(toAdmissionsOf: next, over: table) + objections(toEgressOf: next, over: table)
    }

    private func objections(toEgressOf next: DesiredState, over table: KernelState.Table) -> [String] {
        let before = table.elements.leadingOut
        let after = next.elements.leadingOut.merged()
        let withdrawn = before.count { !after.mergedCover($0) }
        guard services.isExceeded(by: withdrawn, of: before.count) else { return [] }
        return [
            "it withdraws egress from \(withdrawn) of \(before.count) inside networks that the kernel lets out; at most "
                + "\(services.share) % may go at once"
        ]
    }

    private func objections(toAdmissionsOf next: DesiredState, over table: KernelState.Table) -> [String] {
        let admitted = table.elements.filter(\.isAdmission)
        let wanted = Dictionary(grouping: next.elements.lazy.filter(\.isAdmission)) { $0.place }
        let withdrawn = admitted.lazy.filter { element in
            guard let ports = element.ports else { return false }
            return wanted[element.place]?.contains { $0.ports?.overlaps(ports) == true } != true
        }.count
        if !next.elements.contains(where: \.isAdmission), withdrawn > services.floor {
            return ["it is empty, and the kernel admits \(admitted.count) ports and ranges"]
        }
        guard services.isExceeded(by: withdrawn, of: admitted.count) else { return [] }
        return [
            "it withdraws \(withdrawn) of \(admitted.count) ports and ranges that the kernel admits; at most "
                + "\(services.share) % may go at once"
        ]
    }
}

extension EgressRule {
    /// Whether it leads anywhere: its exceptions may be all destinations.
    fileprivate var leadsOut: Bool { !exceptions.areEverything(of: family) }
}

extension Sequence<TableElement> {
    /// The inside networks that leave by public addresses, without those whose exceptions are all destinations.
    fileprivate var leadingOut: [AddressPrefix] {
        var networks: [AddressPrefix] = []
        var exceptions: [AddressPrefix: [AddressPrefix]] = [:]
        for element in self {
            switch element {
            case .inside(let network): networks.append(network)
            case .exempt(let network, let destination): exceptions[network, default: []].append(destination)
            default: break
            }
        }
        return networks.filter { !(exceptions[$0] ?? []).areEverything(of: $0.address.family) }
    }
}

extension [AddressPrefix] {
    /// Whether the networks together are all addresses of a family.
    fileprivate func areEverything(of family: AddressFamily) -> Bool {
        merged().contains { $0.length == 0 && $0.address.family == family }
    }

    /// Whether networks that are merged have all addresses of another one.
    fileprivate func mergedCover(_ network: AddressPrefix) -> Bool {
        let end = partitioningIndex { $0.first > network.first }
        return end > 0 && self[end - 1].contains(network.last)
    }

    /// The index of the first element that belongs to the second part. Cost: a binary search.
    fileprivate func partitioningIndex(_ belongsToSecond: (AddressPrefix) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// An external connection on one public address.
private struct Endpoint: Hashable {
    package let address: IPAddress
    package let service: String

    init(_ connection: ExternalConnection, _ address: IPAddress) {
        self.address = address
        // Ports of a mark may come and go; the service remains the same.
        let ports = connection.mark.map { "mark \($0)" } ?? "port \(connection.ports[0])"
        service = "\(connection.section) \(ports)/\(connection.transport)"
    }
}

extension Endpoint: Comparable, CustomStringConvertible {
    package static func < (a: Self, b: Self) -> Bool { (a.address, a.service) < (b.address, b.service) }

    /// `http port 80/tcp on 198.51.100.36`
    package var description: String { "\(service) on \(address)" }
}

private struct Census {
    var readyServers: [Endpoint: Int] = [:]

    init(_ groups: [ExportGroup]) {
        for group in groups {
            let ready = group.servers.count { $0.weight > 0 }
            for address in group.connection.addresses {
                readyServers[Endpoint(group.connection, address), default: 0] += ready
            }
        }
    }
}

extension TableElement {
    fileprivate struct Place: Hashable {
        package let address: IPAddress
        package let transport: TransportProtocol?
    }

    fileprivate var place: Place { Place(address: address, transport: transport) }

    fileprivate var isAdmission: Bool {
        switch self {
        case .port, .range, .source: true
        case .address, .mark, .dnat, .limit, .hairpin, .inside, .exempt, .egress: false
        }
    }
}
