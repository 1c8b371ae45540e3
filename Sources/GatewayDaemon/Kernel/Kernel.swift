public import GatewaySync
public import Netlink
public import NetworkTypes

/// The kernel of one network namespace, as far as Portcullis uses it. It has a single user, which does not share it.
public protocol Kernel: AnyObject {
    /// Reads our table and our virtual services with their real servers. Services on the addresses in our table are
    /// ours too. Cost: lists all virtual services, and reads the real servers of each that is ours.
    func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState

    /// Reads our table with its elements; `nil` if there is none.
    func table() throws(NetlinkError) -> KernelState.Table?

    /// Compares our table's flags, chains, rules and sets with `PortcullisTable`; `nil` if there is none. Reads no
    /// elements.
    func tableShape() throws(NetlinkError) -> KernelState.Table.Shape?

    /// The named counters of our table; empty if there is none.
    func tableCounters() throws(NetlinkError) -> [Nftables.Counter]

    /// Begins to list all virtual services, both ours and foreign ones. An unfinished list is abandoned.
    func beginListing() throws(NetlinkError)

    /// Continues the list: one datagram, about a hundred services; `nil` at the end. The list is no snapshot: if
    /// services are added or removed meanwhile, these and others may be missing.
    func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]?

    /// Reads one virtual service without its real servers; `nil` if there is none.
    func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings?

    /// The real servers of a virtual service, in the kernel's order; empty if the service does not exist.
    func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination]

    /// The real servers of a virtual service with their counters.
    func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry]

    /// Carries out the commands in order. A refused command is returned and does not stop the others.
    /// - Throws: if the connection itself fails; some commands may have been carried out.
    func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal]

    /// Carries out the change as one transaction, or not at all.
    func commit(_ change: TableChange) throws(NetlinkError)

    /// The active and inactive connections of the real servers; 0 for a server that does not exist.
    func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts

    /// Reads sysctls by name, in the form of `KernelSettings`.
    func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String]

    /// Reads IPVS' timeouts.
    func timeouts() throws(NetlinkError) -> IPVS.Timeouts

    /// Changes one setting.
    func apply(_ step: SettingStep) throws(NetlinkError)

    /// Counts the flows that conntrack holds for each of the ports; there is an entry for every rule.
    /// - Throws: also if the kernel has no ctnetlink.
    func flows(under rules: [TranslationRule]) throws(NetlinkError) -> [Conntrack.Destination: FlowTally]

    /// Makes conntrack forget the flows that the rules do not keep.
    /// - Returns: how many flows were deleted.
    func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int

    /// Yields whenever another program may have changed our table, from now on.
    func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void>

    /// The sync daemons that are running: none, a master, a backup, or both.
    func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon]

    /// Starts a sync daemon.
    /// - Throws: EEXIST if one of this role is running.
    func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError)

    /// Stops the sync daemon of a role.
    /// - Throws: ESRCH if none of this role is running.
    func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError)

    /// The addresses among these whose packets are not delivered to this machine, neither by an interface's address
    /// nor by a local route. Cost: a route lookup for each address.
    func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress]
}

extension Kernel {
    /// Reads a virtual service with its real servers; `nil` if there is none.
    func service(_ identity: IPVS.ServiceIdentity) throws(NetlinkError) -> VirtualService? {
        guard let settings = try serviceSettings(of: identity) else { return nil }
        return VirtualService(settings: settings, servers: try servers(of: identity))
    }
}
