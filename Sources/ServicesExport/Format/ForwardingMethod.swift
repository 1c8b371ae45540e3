/// How a packet reaches the real server.
public enum ForwardingMethod: String, Sendable, Hashable, CaseIterable {
    /// Masquerading: IPVS rewrites the destination, answers come back through the gateway.
    case masq
    /// Direct routing: the packet is sent unchanged to the server's link-layer address.
    case direct
    /// IP-in-IP to the server, whose address may be of the other family.
    case tunnel
    /// No IPVS: nftables rewrites the destination to the first ready server.
    case dnat
}
