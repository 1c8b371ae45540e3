import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes

/// A kernel whose gateway is killed after so many single writes: nothing it does afterwards happens.
final class MortalKernel: Kernel {
    private let kernel: InMemoryKernel
    private var writesLeft: Int

    init(_ kernel: InMemoryKernel, writes: Int) {
        self.kernel = kernel
        writesLeft = writes
    }

    private(set) var isDead = false

    private func live() throws(NetlinkError) {
        if writesLeft == 0 { isDead = true }
        guard !isDead else { throw NetlinkError(code: .system, command: "do anything") }
        writesLeft -= 1
    }

    func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        guard !isDead else { throw NetlinkError(code: .system, command: "read") }
        return try kernel.read(ownership)
    }

    func table() throws(NetlinkError) -> KernelState.Table? { try kernel.table() }
    func tableShape() throws(NetlinkError) -> KernelState.Table.Shape? { try kernel.tableShape() }
    func tableCounters() throws(NetlinkError) -> [Nftables.Counter] { try kernel.tableCounters() }
    func beginListing() throws(NetlinkError) { try kernel.beginListing() }
    func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]? { try kernel.nextListed() }
    func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings? {
        try kernel.serviceSettings(of: service)
    }
    func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination] {
        try kernel.servers(of: service)
    }
    func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry] {
        try kernel.countedServers(of: service)
    }

    func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] {
        var refusals = [KernelRefusal]()
        for command in commands {
            try live()
            refusals += try kernel.apply([command])
        }
        return refusals
    }

    func commit(_ change: TableChange) throws(NetlinkError) {
        try live()
        try kernel.commit(change)
    }

    func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        try kernel.connections(of: servers)
    }

    func flows(under rules: [TranslationRule]) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        try kernel.flows(under: rules)
    }

    func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int {
        try live()
        return try kernel.expire(rules)
    }

    func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String] { try kernel.sysctls(names) }
    func timeouts() throws(NetlinkError) -> IPVS.Timeouts { try kernel.timeouts() }
    func apply(_ step: SettingStep) throws(NetlinkError) {
        try live()
        try kernel.apply(step)
    }
    func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { try kernel.syncDaemons() }
    func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) { try kernel.startSyncDaemon(daemon) }
    func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) { try kernel.stopSyncDaemon(role) }
    func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> { try kernel.foreignTableChanges() }
    func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
        try kernel.notLocal(among: addresses)
    }
}
