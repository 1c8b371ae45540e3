extension IPAddress {
    /// Why packets cannot be forwarded to or from the address: `a loopback address`; `nil` if they can.
    ///
    /// It is the only rule for addresses of pools and servers: ADMIN and `services.csv` accept no others.
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
