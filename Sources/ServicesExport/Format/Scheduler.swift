/// The schedulers of Linux' IPVS, under the kernel's own names (`net/netfilter/ipvs/ip_vs_*.c`).
public enum Scheduler: String, Sendable, Hashable, CaseIterable {
    /// Round robin.
    case rr
    /// Weighted round robin.
    case wrr
    /// Least connections.
    case lc
    /// Weighted least connections.
    case wlc
    /// Weighted fail-over: the available server with the highest weight.
    case fo
    /// Weighted overflow: the next server once the heaviest has as many connections as its weight.
    case ovf
    /// Locality-based least connections.
    case lblc
    /// Locality-based least connections with replication.
    case lblcr
    /// Destination hashing.
    case dh
    /// Source hashing.
    case sh
    /// Maglev hashing.
    case mh
    /// Shortest expected delay.
    case sed
    /// Never queue.
    case nq
    /// Power of two random choices.
    case twos
}
