public import GatewayDaemon
public import GatewaySync
public import Netlink

/// The kernel's nftables without IPVS. Commands to IPVS are treated as carried out.
///
/// For tests and measurements on a host whose kernel has no IPVS; no gateway runs on it.
public final class TableKernel: NetfilterKernel {
    public let nftables: Nftables.Connection
    public let conntrack: Conntrack.Connection
    public let tableFlags: Nftables.TableFlags = []

    /// - Throws: if the kernel has no nftables.
    public init() throws(NetlinkError) {
        nftables = try Nftables.Connection()
        conntrack = try Conntrack.Connection()
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        KernelState(table: try table())
    }

    public func beginListing() throws(NetlinkError) {}

    public func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]? { nil }

    public func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings? { nil }

    public func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination] { [] }

    public func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry] { [] }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] { [] }

    public func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        ConnectionCounts()
    }

    public func timeouts() throws(NetlinkError) -> IPVS.Timeouts { IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300) }

    public func apply(_ step: SettingStep) throws(NetlinkError) {}

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { [] }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) {}

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) {}
}
