import ServiceSupport

/// How full the connection tracking table is. IPVS' packets are never entered in it, but still need room: while the
/// table is full, both new and established connections lose packets.
public struct ConntrackUsage: Sendable, Hashable {
    /// The entries of this network namespace.
    public var entries: Int
    /// The greatest number of entries (`net.netfilter.nf_conntrack_max`).
    public var limit: Int

    public init(entries: Int, limit: Int) {
        self.entries = entries
        self.limit = limit
    }

    /// Reads the usage from two small files; `nil` if the kernel tracks no connections.
    public static func read(root: String = "/proc/sys") -> Self? {
        guard let entries = number("\(root)/net/netfilter/nf_conntrack_count"),
            let limit = number("\(root)/net/netfilter/nf_conntrack_max")
        else { return nil }
        return Self(entries: entries, limit: limit)
    }

    private static func number(_ path: String) -> Int? {
        guard let bytes = (try? Files.read(path, limit: 64)) ?? nil else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })  // exact: a number of the kernel
    }

    /// The usage in percent, 0 to 100; 100 if the limit is 0.
    public var percent: Int {
        guard entries < limit, limit > 0 else { return 100 }
        return Int((Double(max(0, entries)) / Double(limit) * 100).rounded(.down))
    }
}
