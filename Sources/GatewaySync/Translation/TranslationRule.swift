public import Netlink
public import NetworkTypes

/// Which flows to a port under destination NAT conntrack may keep. The kernel looks up our table only for the first
/// packet of a flow. All others follow conntrack's entry, even if the table has changed since.
public struct TranslationRule: Sendable, Hashable {
    /// The port.
    public let port: Conntrack.Destination
    /// The real server that receives new flows; `nil` if none is ready, or the port is not exported.
    public let target: IPVS.DestinationIdentity?
    /// Real servers that keep their connections: those of the export, ready or not, and those that drain.
    public let servers: Set<IPVS.DestinationIdentity>
    /// Prefixes that flows may come from while the port is exported; empty: any source.
    public let sources: [AddressPrefix]

    public init(
        _ port: Conntrack.Destination, target: IPVS.DestinationIdentity? = nil,
        servers: Set<IPVS.DestinationIdentity> = [], sources: [AddressPrefix] = []
    ) {
        self.port = port
        self.target = target
        self.servers = servers
        self.sources = sources
    }

    /// Whether the protocol has connections that end by themselves.
    public static func hasConnections(_ transport: TransportProtocol) -> Bool { transport != .udp }

    /// Whether conntrack may keep the flow. A flow that the host accepted before the port was translated may not
    /// stay. A UDP flow may stay only if it goes to the target, since it has no end to wait for.
    public func keeps(_ flow: Conntrack.Flow) -> Bool {
        if flow.hasEnded || isLeftToHost(flow) { return true }
        guard !isMisdirected(flow) else { return false }
        return flow.realServer == target || servers.contains(flow.realServer)
    }

    /// Whether the flow must go, whichever servers drain.
    func isMisdirected(_ flow: Conntrack.Flow) -> Bool {
        if flow.hasEnded || isLeftToHost(flow) { return false }
        guard flow.isTranslated, sources.isEmpty || sources.contains(where: { $0.contains(flow.source) }) else {
            return true
        }
        return !Self.hasConnections(port.transport) && flow.realServer != target
    }

    /// Whether nothing translates the port and the host has accepted the flow itself: such a flow is left alone.
    private func isLeftToHost(_ flow: Conntrack.Flow) -> Bool { target == nil && !flow.isTranslated }
}

extension Conntrack.Flow {
    package var realServer: IPVS.DestinationIdentity { IPVS.DestinationIdentity(address: server, port: serverPort) }
}

extension TranslationRule: CustomStringConvertible {
    /// `flows to 198.51.100.36:514/udp other than to 10.1.0.31:5514`
    public var description: String {
        let kept = servers.union(target.map { [$0] } ?? []).sorted().map(\.description).joined(separator: " ")
        let allowed = sources.isEmpty ? "" : "from \(sources.map(\.description).joined(separator: " ")) "
        return kept.isEmpty ? "flows to \(port)" : "flows to \(port) other than \(allowed)to \(kept)"
    }
}

/// What conntrack holds for a port under destination NAT.
public struct FlowTally: Sendable, Hashable {
    /// Flows that must go, whichever servers drain.
    public var misdirected = 0
    /// TCP and SCTP connections, by real server.
    public var connections: [IPVS.DestinationIdentity: Int] = [:]

    public init() {}

    /// Counts one flow to the rule's port.
    package mutating func count(_ flow: Conntrack.Flow, under rule: TranslationRule) {
        if rule.isMisdirected(flow) {
            misdirected += 1
        } else if flow.isTranslated, !flow.hasEnded, TranslationRule.hasConnections(flow.destination.transport) {
            connections[flow.realServer, default: 0] += 1
        }
    }
}

extension Conntrack.Connection {
    /// Up to this number, ports are searched one by one; for more, the kernel dumps all flows of the family.
    private static let filtered = 4

    /// Counts the flows to the ports of the rules. Cost: conntrack walks over its whole table once for each port, or
    /// once for each family if there are more than a few.
    package func tallies(under rules: [TranslationRule]) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        var tallies = Dictionary(rules.map { ($0.port, FlowTally()) }) { $1 }
        try forEachFlow(under: rules) { flow, rule in tallies[rule.port]?.count(flow, under: rule) }
        return tallies
    }

    /// Deletes the flows that the rules do not keep.
    /// - Returns: how many flows were deleted.
    package func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int {
        var doomed = [Conntrack.Flow]()
        try forEachFlow(under: rules) { flow, rule in if !rule.keeps(flow) { doomed.append(flow) } }
        return try delete(doomed)
    }

    private func forEachFlow(
        under rules: [TranslationRule], _ body: (Conntrack.Flow, TranslationRule) -> Void
    ) throws(NetlinkError) {
        guard rules.count > Self.filtered else {
            for rule in rules {
                var flows = try flows(to: rule.port)
                while let flow = try flows.next() { body(flow, rule) }
            }
            return
        }
        let byPort = Dictionary(rules.map { ($0.port, $0) }) { $1 }
        for family in Set(rules.map(\.port.address.family)) {
            var flows = try flows(family)
            while let flow = try flows.next() {
                if let rule = byPort[flow.destination] { body(flow, rule) }
            }
        }
    }
}
