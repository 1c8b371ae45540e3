import Netlink
import NetworkTypes

/// What `doctor` looks at: the host as it is, read once. A value, so that each check is a function of it.
struct HostSnapshot: Sendable {
    struct Interface: Sendable, Hashable {
        var index: Int32
        var name: String
        var isUp = true
        var isLoopback = false
        var mtu: UInt32 = 1_500
        var addresses: [IPAddress] = []
    }

    /// A table of others that is not dormant, as far as packets meet it.
    struct Table: Sendable {
        var table: Nftables.Table
        var chains: [Nftables.Chain] = []
        /// By chain, in order.
        var rules: [String: [Nftables.Rule]] = [:]
        /// The keys of sets of single keys, by set.
        var sets: [String: Set<[UInt8]>] = [:]
        /// By map.
        var verdictMaps: [String: [[UInt8]: Nftables.Verdict]] = [:]
    }

    /// Connections of a real server, as IPVS counts them by state.
    struct Handshakes: Sendable, Hashable {
        /// The real server has not answered (SYN_RECV).
        var waiting = 0
        var established = 0
    }

    struct Modules: Sendable, Hashable {
        /// In the kernel now, by their names with `_`.
        var loaded: Set<String>
        /// Those that could be; `nil`: /lib/modules cannot be read.
        var loadable: Set<String>?
    }

    var interfaces: [Interface] = []
    var tables: [Table] = []
    /// Tables of the older iptables, which nft does not show, by family: `ip filter`.
    var legacyTables: [String] = []
    /// By name: `net.ipv4.ip_forward`. What the kernel has not got is absent.
    var sysctls: [String: String] = [:]
    /// Those that the data plane depends on; `nil`: IPVS cannot be looked at.
    var settings: KernelSettings?
    var conntrack: ConntrackUsage?
    var modules: Modules?
    /// Where packets to an address go; absent: nowhere.
    var paths: [IPAddress: Route.Path] = [:]
    var defaultPaths: [AddressFamily: Route.Path] = [:]
    var handshakes: [IPVS.DestinationIdentity: Handshakes] = [:]
    /// What could not be read, and what that takes.
    var unseen: [String] = []

    func interface(_ index: Int32) -> Interface? { interfaces.first { $0.index == index } }
}
