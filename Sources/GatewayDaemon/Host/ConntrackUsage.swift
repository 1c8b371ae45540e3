import ServiceSupport

/// How full the connection tracking table is. IPVS' packets are never entered in it and need room all the same: with
/// the table full, new and established connections alike lose them.
public struct ConntrackUsage: Sendable, Hashable {
    /// Entries of this network namespace.
    public var entries: Int
    /// The most that there may be (`net.netfilter.nf_conntrack_max`).
    public var limit: Int

    public init(entries: Int, limit: Int) {
        self.entries = entries
        self.limit = limit
    }

    /// Reads two small files; `nil` while the kernel tracks no connections.
    public static func read(root: String = "/proc/sys") -> Self? {
        guard let entries = number("\(root)/net/netfilter/nf_conntrack_count"),
            let limit = number("\(root)/net/netfilter/nf_conntrack_max")
        else { return nil }
        return Self(entries: entries, limit: limit)
    }

    private static func number(_ path: String) -> Int? {
        guard let bytes = (try? Files.read(path, limit: 64)) ?? nil else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }

    /// 0 to 100; 100 too where there is no room by definition.
    public var percent: Int {
        guard entries < limit, limit > 0 else { return 100 }
        return Int((Double(max(0, entries)) / Double(limit) * 100).rounded(.down))
    }
}
