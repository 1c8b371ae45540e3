public import GatewaySync
public import Netlink
public import NetworkTypes

/// What a kernel without IPVS has for us, too: our table, conntrack, routes and sysctls.
public protocol NetfilterKernel: Kernel {
    var nftables: Nftables.Connection { get }
    var conntrack: Conntrack.Connection { get }
    /// What our table has to have.
    var tableFlags: Nftables.TableFlags { get }
}

extension NetfilterKernel {
    public func table() throws(NetlinkError) -> KernelState.Table? {
        try nftables.snapshot(of: PortcullisTable.table).map { KernelState.Table($0, tableFlags) }
    }

    public func tableShape() throws(NetlinkError) -> KernelState.Table.Shape? {
        try nftables.snapshot(of: PortcullisTable.table, elements: false).map {
            KernelState.Table.Shape($0, tableFlags)
        }
    }

    public func tableCounters() throws(NetlinkError) -> [Nftables.Counter] {
        try nftables.counters(of: PortcullisTable.table).collect()
    }

    public func commit(_ change: TableChange) throws(NetlinkError) {
        try nftables.commit(change.transaction(tableFlags))
    }

    public func flows(
        under rules: [TranslationRule]
    ) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        try conntrack.tallies(under: rules)
    }

    public func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int { try conntrack.expire(rules) }

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        try nftables.foreignChanges(of: PortcullisTable.table)
    }

    public func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
        try Route.Connection().notLocal(among: addresses)
    }

    public func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String] { SysctlFiles.read(names) }
}

extension Nftables.Connection {
    /// Yields after each transaction of somebody else that had to do with the table, and when such news were lost.
    func foreignChanges(of table: Nftables.Table) throws(NetlinkError) -> AsyncStream<Void> {
        let own = portID
        let events = try Nftables.Monitor.events()
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let task = Task {
            var isChanged = false
            for await event in events {
                switch event {
                case .success(let event) where event.table == table && event.portID != own: isChanged = true
                case .success(let event):
                    // The generation comes at the end of a transaction.
                    guard isChanged, case .generation = event.subject else { continue }
                    isChanged = false
                    continuation.yield()
                case .failure: continuation.yield()
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return changes
    }
}
