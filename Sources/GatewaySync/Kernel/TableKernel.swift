public import Netlink
public import NetworkTypes

/// The kernel's nftables without its IPVS, whose commands are taken for carried out.
///
/// For measurements on a host whose kernel has no IPVS; no gateway runs on it.
public final class TableKernel: Kernel {
    private let nftables: Nftables.Connection

    /// - Throws: when the kernel has no nftables.
    public init() throws(NetlinkError) { nftables = try Nftables.Connection() }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        KernelState(table: try nftables.snapshot(of: PortcullisTable.table).map(KernelState.Table.init))
    }

    public func inventory(_ ownership: Ownership) throws(NetlinkError) -> KernelInventory { KernelInventory() }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] { [] }

    public func commit(_ change: TableChange) throws(NetlinkError) { try nftables.commit(change.transaction) }

    public func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        ConnectionCounts()
    }

    public func setTimeouts(_ timeouts: IPVS.Timeouts) throws(NetlinkError) {}

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { [] }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) {}

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) {}

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        try nftables.foreignChanges(of: PortcullisTable.table)
    }

    public func localAddresses() throws(NetlinkError) -> Set<IPAddress> { try Route.Connection().localAddresses() }
}
