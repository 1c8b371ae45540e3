public import GatewaySync
public import Netlink
public import NetworkTypes

/// The kernel's nftables without IPVS. Commands to IPVS are treated as carried out.
///
/// It serves measurements on a host whose kernel has no IPVS; no gateway uses it.
public final class TableKernel: Kernel {
    private let nftables: Nftables.Connection
    private let conntrack: Conntrack.Connection

    /// - Throws: if the kernel has no nftables.
    public init() throws(NetlinkError) {
        nftables = try Nftables.Connection()
        conntrack = try Conntrack.Connection()
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        KernelState(table: try nftables.snapshot(of: PortcullisTable.table).map { KernelState.Table($0) })
    }

    public func table() throws(NetlinkError) -> KernelState.Table? {
        try nftables.snapshot(of: PortcullisTable.table).map { KernelState.Table($0) }
    }

    public func tableShape() throws(NetlinkError) -> KernelState.Table.Shape? {
        try nftables.snapshot(of: PortcullisTable.table, elements: false).map { KernelState.Table.Shape($0) }
    }

    public func beginListing() throws(NetlinkError) {}

    public func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]? { nil }

    public func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings? { nil }

    public func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination] { [] }

    public func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry] { [] }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] { [] }

    public func commit(_ change: TableChange) throws(NetlinkError) { try nftables.commit(change.transaction()) }

    public func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        ConnectionCounts()
    }

    public func flows(
        under rules: [TranslationRule]
    ) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        try conntrack.tallies(under: rules)
    }

    public func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int { try conntrack.expire(rules) }

    public func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String] { SysctlFiles.read(names) }

    public func timeouts() throws(NetlinkError) -> IPVS.Timeouts { IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300) }

    public func apply(_ step: SettingStep) throws(NetlinkError) {}

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { [] }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) {}

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) {}

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        try nftables.foreignChanges(of: PortcullisTable.table)
    }

    public func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
        try Route.Connection().notLocal(among: addresses)
    }
}
