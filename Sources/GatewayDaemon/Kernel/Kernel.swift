public import GatewaySync
public import Netlink
public import NetworkTypes

/// The kernel of one network namespace, as far as Portcullis needs it. It has one user: the caller keeps it to itself.
public protocol Kernel: AnyObject {
    /// Our table, and the virtual services that are ours with their real servers. Services on the addresses that our
    /// table holds are ours too.
    func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState

    /// Our table with its elements; `nil` when there is none.
    func table() throws(NetlinkError) -> KernelState.Table?

    /// How our table's flags, chains, rules and sets compare with ours; `nil` when there is none. No element is read.
    func tableShape() throws(NetlinkError) -> KernelState.Table.Shape?

    /// Begins to list all virtual services, ours and others'; an unfinished list is given up.
    func beginListing() throws(NetlinkError)

    /// Goes on with the list: one datagram of it, a hundred services or so; `nil` at its end. The list is no snapshot:
    /// what comes or goes meanwhile may be missing, and others with it.
    func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]?

    /// One virtual service without its real servers; `nil` when there is none.
    func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings?

    /// The real servers of a virtual service, in the kernel's order; none when there is no such service.
    func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination]

    /// The same, with what the kernel has counted of them.
    func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry]

    /// Carries the commands out in order. A refused one is returned and does not stop the others.
    /// - Throws: when the connection itself fails; some commands may have been carried out.
    func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal]

    /// Carries the change out as one transaction, or not at all.
    func commit(_ change: TableChange) throws(NetlinkError)

    /// Active and inactive connections of the real servers; 0 for one that is not there.
    func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts

    /// The sysctls of these names, as `KernelSettings` has them.
    func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String]

    /// IPVS' timeouts.
    func timeouts() throws(NetlinkError) -> IPVS.Timeouts

    /// Changes one setting.
    func apply(_ step: SettingStep) throws(NetlinkError)

    /// What conntrack keeps for each of the ports; an entry for every rule.
    /// - Throws: when the kernel has no ctnetlink, too.
    func flows(under rules: [TranslationRule]) throws(NetlinkError) -> [Conntrack.Destination: FlowTally]

    /// Has conntrack forget the flows that the rules do not keep.
    /// - Returns: how many those were.
    func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int

    /// Yields each time somebody else may have changed our table, from now on.
    func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void>

    /// The sync daemons that run: none, a master, a backup, or both.
    func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon]

    /// - Throws: EEXIST when one of the role runs.
    func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError)

    /// - Throws: ESRCH when none of the role runs.
    func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError)

    /// Those of the addresses that packets are not delivered to on this machine, be it by an interface's address or by
    /// a local route.
    func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress]
}

extension Kernel {
    /// A virtual service with its real servers; `nil` when there is none.
    func service(_ identity: IPVS.ServiceIdentity) throws(NetlinkError) -> VirtualService? {
        guard let settings = try serviceSettings(of: identity) else { return nil }
        return VirtualService(settings: settings, servers: try servers(of: identity))
    }
}
