/// How a packet reaches the real server.
public enum ForwardingMethod: String, Sendable, Hashable, CaseIterable {
    /// Masquerading: IPVS rewrites the destination, answers come back through the gateway.
    case masq
    /// Direct routing: the packet goes to the server's link address unchanged.
    case direct
    /// IP-in-IP to the server, which may be of the other address family.
    case tunnel
    /// No IPVS: nftables rewrites the destination to the first ready server.
    case dnat
}
