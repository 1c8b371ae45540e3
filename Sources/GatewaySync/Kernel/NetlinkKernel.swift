public import Netlink
public import NetworkTypes
import SystemPackage

/// The kernel of the network namespace it was made in, by netlink.
public final class NetlinkKernel: Kernel {
    let ipvs: IPVS.Connection
    let nftables: Nftables.Connection

    /// - Throws: when the kernel has no IPVS or no nftables.
    public init() throws(NetlinkError) {
        ipvs = try IPVS.Connection()
        nftables = try Nftables.Connection()
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        let table = try nftables.snapshot(of: PortcullisTable.table).map(KernelState.Table.init)
        var ownership = ownership
        ownership.addresses.formUnion(table?.addresses ?? [])
        return KernelState(services: try inventory(ownership).services, table: table)
    }

    public func inventory(_ ownership: Ownership) throws(NetlinkError) -> KernelInventory {
        var inventory = KernelInventory()
        // A dump has to end before the next one starts on the same socket.
        for entry in try ipvs.services().collect() where ownership.contains(entry.service.identity) {
            let identity = entry.service.identity
            let servers = try ipvs.destinations(of: identity).collect()
            inventory.services[identity] = VirtualService(
                settings: entry.service.settings,
                destinations: servers.map(\.destination).sorted { $0.identity < $1.identity })
            inventory.serviceStatistics[identity] = entry.statistics
            inventory.serverStatistics[identity] = Dictionary(
                servers.map { ($0.destination.identity, $0.statistics) }
            ) { $1 }
        }
        return inventory
    }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] {
        let report = try ipvs.apply(commands)
        guard !report.mustReadBack else {
            throw NetlinkError(code: .overflow, command: "apply \(commands.count) IPVS commands")
        }
        return report.failures.map { KernelRefusal(command: commands[$0.index], error: $0.error) }
    }

    public func commit(_ change: TableChange) throws(NetlinkError) {
        try nftables.commit(change.transaction)
    }

    public func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        var counts = ConnectionCounts()
        for (service, identities) in servers {
            for identity in identities { counts[service, identity] = 0 }
            do throws(NetlinkError) {
                for entry in try ipvs.destinations(of: service).collect()
                where counts[service, entry.destination.identity] != nil {
                    counts[service, entry.destination.identity] =
                        Int(entry.statistics.activeConnections) + Int(entry.statistics.inactiveConnections)
                }
            } catch  where error.errno == .noSuchProcess {
                continue
            }
        }
        return counts
    }

    public func setTimeouts(_ timeouts: IPVS.Timeouts) throws(NetlinkError) {
        try ipvs.setTimeouts(timeouts)
    }

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { try ipvs.syncDaemons() }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) { try ipvs.startSyncDaemon(daemon) }

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) { try ipvs.stopSyncDaemon(role) }

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        try nftables.foreignChanges(of: PortcullisTable.table)
    }

    public func localAddresses() throws(NetlinkError) -> Set<IPAddress> { try Route.Connection().localAddresses() }
}

extension Nftables.Connection {
    /// Yields after each transaction of somebody else that had to do with the table, and when such news were lost.
    func foreignChanges(of table: Nftables.Table) throws(NetlinkError) -> AsyncStream<Void> {
        let own = portID
        let events = try Nftables.Monitor.events()
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let task = Task {
            var isTouched = false
            for await event in events {
                switch event {
                case .success(let event) where event.table == table && event.portID != own: isTouched = true
                case .success(let event):
                    // The generation comes at the end of a transaction.
                    guard isTouched, case .generation = event.subject else { continue }
                    isTouched = false
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

extension KernelState.Table {
    /// Our table as it was read back. What nobody of ours could have written makes it not intact.
    init(_ snapshot: Nftables.Snapshot) {
        var shape = Shape(of: snapshot)
        var elements = Set<TableElement>()
        for family in AddressFamily.allCases {
            for kind in PortcullisTable.Kind.allCases {
                for element in snapshot.elements[PortcullisTable.set(kind, family).name] ?? [] {
                    guard let element = TableElement(element, kind: kind, family: family) else {
                        shape = .altered
                        continue
                    }
                    elements.insert(element)
                }
            }
        }
        self.init(shape: shape, elements: elements)
    }
}

extension KernelState.Table.Shape {
    fileprivate init(of snapshot: Nftables.Snapshot) {
        let names = Set(PortcullisTable.chains.map(\.name))
        let found = Set(snapshot.chains)
        let strangers = found.filter { !names.contains($0.name) }
        guard
            // A hook cannot be changed in place.
            found.subtracting(strangers).isSubset(of: PortcullisTable.chains),
            Set(snapshot.sets) == Set(PortcullisTable.sets), snapshot.foreignSets.isEmpty,
            snapshot.counters.contains(where: { $0.name == PortcullisTable.droppedCounter })
        else {
            self = .altered
            return
        }
        let isIntact =
            found == Set(PortcullisTable.chains)
            && PortcullisTable.chains.allSatisfy { chain in
                snapshot.rules(in: chain.name) == PortcullisTable.rules.filter { $0.chain == chain.name }
            }
        self = isIntact ? .intact : .rulesAltered(strangers: strangers.map(\.name).sorted())
    }
}
