public import Netlink
public import NetworkTypes

/// The kernel of one network namespace, as far as Portcullis needs it. It has one user: the caller keeps it to itself.
public protocol Kernel: AnyObject {
    /// Our table, and the virtual services that are ours with their real servers. Services on the addresses that our
    /// table holds are ours too.
    func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState

    /// The virtual services that are ours, with their real servers and what the kernel has counted.
    func inventory(_ ownership: Ownership) throws(NetlinkError) -> KernelInventory

    /// Carries the commands out in order. A refused one is returned and does not stop the others.
    /// - Throws: when the connection itself fails; some commands may have been carried out.
    func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal]

    /// Carries the change out as one transaction, or not at all.
    func commit(_ change: TableChange) throws(NetlinkError)

    /// Active and inactive connections of the real servers; 0 for one that is not there.
    func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts

    /// IPVS' timeouts in seconds.
    func setTimeouts(_ timeouts: IPVS.Timeouts) throws(NetlinkError)

    /// Yields each time somebody else may have changed our table, from now on.
    func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void>

    /// The sync daemons that run: none, a master, a backup, or both.
    func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon]

    /// - Throws: EEXIST when one of the role runs.
    func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError)

    /// - Throws: ESRCH when none of the role runs.
    func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError)

    /// The addresses that packets are delivered to on this machine.
    func localAddresses() throws(NetlinkError) -> Set<IPAddress>
}

/// IPVS as it was read back: what is there, and what it has counted.
public struct KernelInventory: Sendable {
    public var services: [IPVS.ServiceIdentity: VirtualService] = [:]
    public var serviceStatistics: [IPVS.ServiceIdentity: IPVS.ServiceStatistics] = [:]
    public var serverStatistics: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: IPVS.DestinationStatistics]] = [:]

    public init() {}
}

/// A command that the kernel refused.
public struct KernelRefusal: Error, Sendable, Hashable {
    public let command: IPVS.Command
    public let error: NetlinkError

    public init(command: IPVS.Command, error: NetlinkError) {
        self.command = command
        self.error = error
    }
}
