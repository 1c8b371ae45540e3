public import GatewaySync
public import Netlink
import SystemPackage

/// The kernel of the network namespace it was made in, by netlink.
public final class NetlinkKernel: NetfilterKernel {
    let ipvs: IPVS.Connection
    public let nftables: Nftables.Connection
    /// The list that is being read, on a socket of its own: the kernel takes one dump at a time on each, and changes go
    /// on meanwhile.
    private let lister: IPVS.Connection
    private var list: Dump<IPVS.ServiceEntry>?
    public let conntrack: Conntrack.Connection

    public let tableFlags: Nftables.TableFlags

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

    /// Does it once more where IPVS was loaded again meanwhile: its family has another number then (ENOENT).
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
