import GatewaySync
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

    func inventory(_ ownership: Ownership) throws(NetlinkError) -> KernelInventory { try kernel.inventory(ownership) }

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

    func setTimeouts(_ timeouts: IPVS.Timeouts) throws(NetlinkError) {}
    func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { try kernel.syncDaemons() }
    func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) { try kernel.startSyncDaemon(daemon) }
    func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) { try kernel.stopSyncDaemon(role) }
    func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> { try kernel.foreignTableChanges() }
    func localAddresses() throws(NetlinkError) -> Set<IPAddress> { try kernel.localAddresses() }
}
