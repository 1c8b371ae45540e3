public import NetworkTypes

/// Connection tracking over nfnetlink (`linux/netfilter/nfnetlink_conntrack.h`, net/netfilter/nf_conntrack_netlink.c).
///
///     let conntrack = try Conntrack.Connection()
///     var flows = try conntrack.flows(to: .init(address, .udp, port: 514))
///     while let flow = try flows.next() { … }
///     try conntrack.delete([flow])
///
/// The kernel loads its module `nf_conntrack_netlink` on the first request. Only named flows can be deleted; the
/// request that empties the table is not offered.
public enum Conntrack {
    /// The original destination of a flow's first packet.
    public struct Destination: Sendable, Hashable {
        public var address: IPAddress
        public var transport: TransportProtocol
        public var port: UInt16

        public init(_ address: IPAddress, _ transport: TransportProtocol, port: UInt16) {
            self.address = address
            self.transport = transport
            self.port = port
        }
    }

    /// A TCP or SCTP connection, or the UDP packets that conntrack treats as one.
    public struct Flow: Sendable, Hashable {
        /// The client.
        public var source: IPAddress
        /// The client's port.
        public var sourcePort: UInt16
        /// The original destination, before any translation.
        public var destination: Destination
        /// The address that answers: that of the destination, or the one to which it is translated.
        public var server: IPAddress
        /// The port that answers.
        public var serverPort: UInt16
        /// `IPS_DST_NAT`: a rule of destination NAT has translated the destination to `server`.
        public var isTranslated: Bool
        /// `TIME_WAIT` or `CLOSE`: the connection is over, and the entry remains for late packets.
        public var hasEnded: Bool
        /// `CTA_ID`: distinguishes the flow from a later one with the same addresses and ports.
        public var id: UInt32
        /// `CTA_ZONE`
        public var zone: UInt16

        public init(
            from source: IPAddress, port sourcePort: UInt16, to destination: Destination, server: IPAddress,
            serverPort: UInt16, isTranslated: Bool, hasEnded: Bool = false, id: UInt32 = 0, zone: UInt16 = 0
        ) {
            self.source = source
            self.sourcePort = sourcePort
            self.destination = destination
            self.server = server
            self.serverPort = serverPort
            self.isTranslated = isTranslated
            self.hasEnded = hasEnded
            self.id = id
            self.zone = zone
        }
    }
}

extension Conntrack.Destination: Comparable {
    public static func < (a: Self, b: Self) -> Bool {
        if a.address != b.address { return a.address < b.address }
        return a.transport != b.transport ? a.transport < b.transport : a.port < b.port
    }
}

extension Conntrack.Destination: CustomStringConvertible {
    /// `198.51.100.36:514/udp`
    public var description: String { "\(address.endpoint(port))/\(transport)" }
}

extension Conntrack.Flow: CustomStringConvertible {
    /// `203.0.113.10:4711 -> 198.51.100.36:514/udp (10.1.0.31:5514)`
    public var description: String {
        "\(source.endpoint(sourcePort)) -> \(destination) (\(server.endpoint(serverPort)))"
    }
}
