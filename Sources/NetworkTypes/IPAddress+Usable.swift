extension IPAddress {
    /// Why no packet can be forwarded to or from the address: `a loopback address`; `nil` when it is usable.
    ///
    /// The one rule for addresses of pools and servers: ADMIN takes no other, and `services.csv` may hold no other.
    public var unusableReason: String? {
        if isUnspecified { return "the unspecified address" }
        if isLoopback { return "a loopback address" }
        if isMulticast { return "a multicast address" }
        if isBroadcast { return "the broadcast address" }
        if isLinkLocal { return "a link-local address" }
        if isIPv4Mapped { return "an IPv4-mapped address" }
        return nil
    }
}
