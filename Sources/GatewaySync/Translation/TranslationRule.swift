public import Netlink
public import NetworkTypes

/// Which flows to a port under destination NAT conntrack may keep. The kernel asks our table about the first packet of
/// a flow alone; all others follow what conntrack knows, whatever the table says by then.
public struct TranslationRule: Sendable, Hashable {
    public let port: Conntrack.Destination
    /// The real server that new flows go to; `nil`: none is ready, or the port is not exported.
    public let target: IPVS.DestinationIdentity?
    /// Real servers that keep the connections they have: those of the export, ready or not, and those that drain.
    public let servers: Set<IPVS.DestinationIdentity>
    /// Whom flows may be from, while the port is exported; empty: everybody.
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

    /// Whether the protocol has connections that come to an end of their own.
    public static func hasConnections(_ transport: TransportProtocol) -> Bool { transport != .udp }

    /// Whether conntrack may keep the flow. One that the host took itself before the port was translated may not; UDP
    /// goes to the target and nowhere else, as it has no end to wait for.
    public func keeps(_ flow: Conntrack.Flow) -> Bool {
        if flow.hasEnded || isLeftToHost(flow) { return true }
        guard !isMisdirected(flow) else { return false }
        return flow.realServer == target || servers.contains(flow.realServer)
    }

    /// Whether the flow goes in any case, whichever servers drain.
    func isMisdirected(_ flow: Conntrack.Flow) -> Bool {
        if flow.hasEnded || isLeftToHost(flow) { return false }
        guard flow.isTranslated, sources.isEmpty || sources.contains(where: { $0.contains(flow.source) }) else {
            return true
        }
        return !Self.hasConnections(port.transport) && flow.realServer != target
    }

    /// Nothing translates the port: what the host has taken is the host's affair.
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

/// What conntrack keeps for a port under destination NAT.
public struct FlowTally: Sendable, Hashable {
    /// Flows that go in any case.
    public var misdirected = 0
    /// Connections, TCP's and SCTP's, by real server.
    public var connections: [IPVS.DestinationIdentity: Int] = [:]

    public init() {}

    package mutating func count(_ flow: Conntrack.Flow, under rule: TranslationRule) {
        if rule.isMisdirected(flow) {
            misdirected += 1
        } else if flow.isTranslated, !flow.hasEnded, TranslationRule.hasConnections(flow.destination.transport) {
            connections[flow.realServer, default: 0] += 1
        }
    }
}

extension Conntrack.Connection {
    /// So many ports are looked for one by one; of more than that the kernel hands out all flows.
    private static let filtered = 4

    package func tallies(under rules: [TranslationRule]) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        var tallies = Dictionary(rules.map { ($0.port, FlowTally()) }) { $1 }
        try forEachFlow(under: rules) { flow, rule in tallies[rule.port]?.count(flow, under: rule) }
        return tallies
    }

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
