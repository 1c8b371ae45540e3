import Netlink
import NetworkTypes

/// The state of the host that `doctor` examines, read once. It is a value, so that each check is a function of it.
struct HostSnapshot: Sendable {
    struct Interface: Sendable, Hashable {
        var index: Int32
        var name: String
        var isUp = true
        var isLoopback = false
        var mtu: UInt32 = 1_500
        var addresses: [IPAddress] = []
    }

    /// Another program's table that is not dormant, as far as packets can reach it.
    struct Table: Sendable {
        var table: Nftables.Table
        var chains: [Nftables.Chain] = []
        /// The rules of each chain, in order.
        var rules: [String: [Nftables.Rule]] = [:]
        /// The keys of sets of single keys, by set.
        var sets: [String: Set<[UInt8]>] = [:]
        /// The verdict of each key, by map.
        var verdictMaps: [String: [[UInt8]: Nftables.Verdict]] = [:]
    }

    /// The connections of a real server, as IPVS counts them by state.
    struct Handshakes: Sendable, Hashable {
        /// The real server has not answered (SYN_RECV).
        var waiting = 0
        var established = 0
    }

    struct Modules: Sendable, Hashable {
        /// Names of modules that are in the kernel, with `_`.
        var loaded: Set<String>
        /// Names of modules that can be loaded; `nil` if /lib/modules cannot be read.
        var loadable: Set<String>?
    }

    var interfaces: [Interface] = []
    var tables: [Table] = []
    /// Tables of the older iptables, which nft does not show, by family: `ip filter`.
    var legacyTables: [String] = []
    /// Values by name (`net.ipv4.ip_forward`). Sysctls that the kernel does not have are absent.
    var sysctls: [String: String] = [:]
    /// The settings that the data plane depends on; `nil` if IPVS cannot be read.
    var settings: KernelSettings?
    var conntrack: ConntrackUsage?
    var modules: Modules?
    /// The route to each address; absent if there is none.
    var paths: [IPAddress: Route.Path] = [:]
    var defaultPaths: [AddressFamily: Route.Path] = [:]
    var handshakes: [IPVS.DestinationIdentity: Handshakes] = [:]
    /// What could not be read, and what is needed for it.
    var unseen: [String] = []

    func interface(_ index: Int32) -> Interface? { interfaces.first { $0.index == index } }
}
