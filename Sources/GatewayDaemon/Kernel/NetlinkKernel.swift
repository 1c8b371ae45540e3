public import GatewaySync
public import Netlink
public import NetworkTypes
import SystemPackage

/// The kernel of the network namespace in which it was created, by netlink.
public final class NetlinkKernel: Kernel {
    let ipvs: IPVS.Connection
    let nftables: Nftables.Connection
    /// The connection for lists has its own socket: the kernel allows one dump at a time on each, and commands go on
    /// meanwhile.
    private let lister: IPVS.Connection
    private var list: Dump<IPVS.ServiceEntry>?
    private let conntrack: Conntrack.Connection

    /// The flags that our table must have.
    private let tableFlags: Nftables.TableFlags

    /// - Throws: if the kernel has no IPVS or no nftables.
    public init(_ owner: TableOwner = .nobody) throws(NetlinkError) {
        ipvs = try IPVS.Connection()
        lister = try IPVS.Connection()
        switch owner {
        case .nobody, .holder: nftables = try Nftables.Connection()
        case .socket(let descriptor): nftables = try Nftables.Connection(adopting: descriptor)
        }
        tableFlags = owner.tableFlags
        conntrack = try Conntrack.Connection()
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        let table = try table()
        var ownership = ownership
        ownership.addresses.formUnion(table?.addresses ?? [])
        var services = [IPVS.ServiceIdentity: VirtualService]()
        let entries = try finding(ipvs) { () throws(NetlinkError) in try ipvs.services().collect() }
        for entry in entries where ownership.contains(entry.service.identity) {
            services[entry.service.identity] = VirtualService(
                settings: entry.service.settings,
                servers: try servers(of: entry.service.identity))
        }
        return KernelState(services: services, table: table)
    }

    public func table() throws(NetlinkError) -> KernelState.Table? {
        try nftables.snapshot(of: PortcullisTable.table).map { KernelState.Table($0, tableFlags) }
    }

    public func tableShape() throws(NetlinkError) -> KernelState.Table.Shape? {
        try nftables.snapshot(of: PortcullisTable.table, elements: false).map {
            KernelState.Table.Shape($0, tableFlags)
        }
    }

    public func beginListing() throws(NetlinkError) {
        list = nil
        list = try lister.services()
    }

    public func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]? {
        do throws(NetlinkError) {
            return try list?.nextDatagram()
        } catch  where error.errno == .noSuchFileOrDirectory {
            // The module was loaded again, so its netlink family has another number.
            guard try lister.findFamily() else { throw error }
            try beginListing()
            return try list?.nextDatagram()
        }
    }

    public func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings? {
        try finding(ipvs) { () throws(NetlinkError) in try ipvs.service(service)?.service.settings }
    }

    public func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination] {
        try finding(ipvs) { () throws(NetlinkError) in try ipvs.plainDestinations(of: service).collect() }
    }

    public func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry] {
        try finding(ipvs) { () throws(NetlinkError) in try ipvs.destinations(of: service).collect() }
    }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] {
        let report = try ipvs.apply(commands)
        guard !report.mustReadBack else {
            throw NetlinkError(code: .overflow, command: "apply \(commands.count) IPVS commands")
        }
        if report.failures.contains(where: { $0.error.errno == .noSuchFileOrDirectory }), try ipvs.findFamily() {
            throw NetlinkError(
                code: .retry, command: "apply \(commands.count) IPVS commands",
                reason: "IPVS was loaded again meanwhile")
        }
        return report.failures.map { KernelRefusal(command: commands[$0.index], error: $0.error) }
    }

    public func commit(_ change: TableChange) throws(NetlinkError) {
        try nftables.commit(change.transaction(tableFlags))
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

    public func flows(
        under rules: [TranslationRule]
    ) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        try conntrack.tallies(under: rules)
    }

    public func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int { try conntrack.expire(rules) }

    public func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String] { SysctlFiles.read(names) }

    public func timeouts() throws(NetlinkError) -> IPVS.Timeouts {
        try finding(ipvs) { () throws(NetlinkError) in try ipvs.timeouts() }
    }

    public func apply(_ step: SettingStep) throws(NetlinkError) {
        switch step.setting {
        case .sysctl(let name): try SysctlFiles.write(name, step.wanted)
        case .timeout(let timeout):
            var timeouts = IPVS.Timeouts()
            timeouts[keyPath: timeout.path] = UInt32(step.wanted) ?? 0
            try ipvs.setTimeouts(timeouts)
        }
    }

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] {
        try finding(ipvs) { () throws(NetlinkError) in try ipvs.syncDaemons() }
    }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) { try ipvs.startSyncDaemon(daemon) }

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) { try ipvs.stopSyncDaemon(role) }

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        try nftables.foreignChanges(of: PortcullisTable.table)
    }

    public func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
        try Route.Connection().notLocal(among: addresses)
    }

    /// Repeats the request if IPVS was loaded again in the meantime, since its netlink family then has another number
    /// (ENOENT).
    private func finding<Result>(
        _ connection: IPVS.Connection, _ body: () throws(NetlinkError) -> Result
    ) throws(NetlinkError) -> Result {
        do throws(NetlinkError) {
            return try body()
        } catch  where error.errno == .noSuchFileOrDirectory {
            guard try connection.findFamily() else { throw error }
            return try body()
        }
    }
}

extension Nftables.Connection {
    /// Yields after each transaction of another program that concerned the table, and whenever notifications were
    /// lost.
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
                    // The generation message ends a transaction.
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
