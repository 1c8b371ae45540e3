public import Netlink
public import NetworkTypes
import Synchronization
public import SystemPackage

/// A kernel that is a value in memory and refuses what the real one refuses: for tests and for plans away from a gateway.
///
/// Held to the real one by running the same scenarios against both.
public final class InMemoryKernel: Kernel, Sendable {
    struct World {
        var state = KernelState()
        var connections = ConnectionCounts()
        /// Of servers that `connections` does not have.
        var otherConnections = 0
        var timeouts = IPVS.Timeouts()
        var schedulers: Set<String>
        var fault: Fault?
        var reads = 0
        var writes = 0
        var observer: (@Sendable (KernelState) -> Void)?
        var listeners: [AsyncStream<Void>.Continuation] = []
        var localAddresses: Set<IPAddress> = []
        var syncDaemons: [IPVS.SyncDaemon] = []
    }

    /// Decides whether a command (`nil`: a transaction) is refused, and how.
    public typealias Fault = @Sendable (IPVS.Command?) -> Errno?

    private let world: Mutex<World>

    /// - Parameter schedulers: the schedulers this kernel has.
    public init(
        _ state: KernelState = KernelState(),
        schedulers: Set<String> = ["rr", "wrr", "lc", "wlc", "sh", "mh", "dh", "sed", "nq", "fo", "ovf"]
    ) {
        world = Mutex(World(state: state, schedulers: schedulers))
    }

    /// Everything there is, ours and others'. Who sets it is somebody else: listeners are told of another table.
    public var state: KernelState {
        get { world.withLock { $0.state } }
        set {
            let listeners = world.withLock { world in
                defer { world.state = newValue }
                return world.state.table == newValue.table ? [] : world.listeners
            }
            for listener in listeners { listener.yield() }
        }
    }

    /// How often it was read.
    public var reads: Int { world.withLock { $0.reads } }
    /// How many commands and transactions it was given.
    public var writes: Int { world.withLock { $0.writes } }

    /// Makes commands fail from now on; `nil`: no longer.
    public func inject(_ fault: Fault?) { world.withLock { $0.fault = fault } }

    /// Is shown the state after each command and transaction.
    public func observe(_ observer: (@Sendable (KernelState) -> Void)?) { world.withLock { $0.observer = observer } }

    /// Sets how many connections every real server has that no other number was set for.
    public func setConnections(_ count: Int) { world.withLock { $0.otherConnections = count } }

    /// Sets how many connections a real server has.
    public func setConnections(
        _ count: Int, of server: IPVS.DestinationIdentity, in service: IPVS.ServiceIdentity
    ) {
        world.withLock { $0.connections[service, server] = count }
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        world.withLock { world in
            world.reads += 1
            var ownership = ownership
            ownership.addresses.formUnion(world.state.table?.addresses ?? [])
            return KernelState(
                services: world.state.services.filter { ownership.contains($0.key) }, table: world.state.table)
        }
    }

    public func apply(_ commands: [IPVS.Command]) throws(NetlinkError) -> [KernelRefusal] {
        var refusals = [KernelRefusal]()
        for command in commands {
            let refusal = world.withLock { world -> Errno? in
                world.writes += 1
                if let errno = world.fault?(command) ?? world.refusal(of: command) { return errno }
                world.state.apply(command)
                world.observer?(world.state)
                return nil
            }
            guard let refusal else { continue }
            refusals.append(
                KernelRefusal(
                    command: command,
                    error: NetlinkError(code: .init(refusal), errno: refusal, command: "\(command)")))
        }
        return refusals
    }

    public func commit(_ change: TableChange) throws(NetlinkError) {
        let refusal = world.withLock { world -> NetlinkError? in
            world.writes += 1
            let errno = world.fault?(nil)
            if let errno {
                return NetlinkError(
                    code: .init(errno), errno: errno, command: "change table \(PortcullisTable.table)")
            }
            do throws(NetlinkError) {
                let table = try world.state.table.committing(change)
                world.state.table = table
                world.observer?(world.state)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
    }

    public func connections(
        of servers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity]]
    ) throws(NetlinkError) -> ConnectionCounts {
        world.withLock { world in
            world.reads += 1
            var counts = ConnectionCounts()
            for (service, destinations) in servers {
                for server in destinations {
                    counts[service, server] = world.connections[service, server] ?? world.otherConnections
                }
            }
            return counts
        }
    }

    public func setTimeouts(_ timeouts: IPVS.Timeouts) throws(NetlinkError) {
        world.withLock { $0.timeouts = timeouts }
    }

    public func syncDaemons() throws(NetlinkError) -> [IPVS.SyncDaemon] { world.withLock { $0.syncDaemons } }

    public func startSyncDaemon(_ daemon: IPVS.SyncDaemon) throws(NetlinkError) {
        let isTaken = world.withLock { world in
            guard !world.syncDaemons.contains(where: { $0.role == daemon.role }) else { return true }
            world.syncDaemons.append(daemon)
            return false
        }
        guard !isTaken else {
            throw NetlinkError(code: .refused, errno: .fileExists, command: "start the \(daemon.role) sync daemon")
        }
    }

    public func stopSyncDaemon(_ role: IPVS.SyncDaemon.Role) throws(NetlinkError) {
        let isThere = world.withLock { world in
            let count = world.syncDaemons.count
            world.syncDaemons.removeAll { $0.role == role }
            return world.syncDaemons.count < count
        }
        guard isThere else {
            throw NetlinkError(code: .refused, errno: .noSuchProcess, command: "stop the \(role) sync daemon")
        }
    }

    public func inventory(_ ownership: Ownership) throws(NetlinkError) -> KernelInventory {
        world.withLock { world in
            world.reads += 1
            var inventory = KernelInventory()
            inventory.services = world.state.services.filter { ownership.contains($0.key) }
            return inventory
        }
    }

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        world.withLock { $0.listeners.append(continuation) }
        return changes
    }

    public func localAddresses() throws(NetlinkError) -> Set<IPAddress> { world.withLock { $0.localAddresses } }

    /// How many listen for changes of the table.
    public var listenerCount: Int { world.withLock { $0.listeners.count } }

    /// Sets the addresses that the machine has.
    public func setLocalAddresses(_ addresses: Set<IPAddress>) { world.withLock { $0.localAddresses = addresses } }
}

extension NetlinkError.Code {
    /// What the way to the real kernel makes of an error number.
    fileprivate init(_ errno: Errno) {
        self =
            switch errno {
            case .noBufferSpace: .overflow
            case .resourceTemporarilyUnavailable, .interrupted: .retry
            default: .refused
            }
    }
}

extension InMemoryKernel.World {
    /// As `ip_vs_genl_set_cmd` (net/netfilter/ipvs/ip_vs_ctl.c) answers.
    fileprivate func refusal(of command: IPVS.Command) -> Errno? {
        switch command {
        case .addService(let service, let settings):
            if state.services[service] != nil { return .fileExists }
            return schedulers.contains(settings.scheduler) ? nil : .noSuchFileOrDirectory
        case .setService(let service, let settings):
            if state.services[service] == nil { return .noSuchProcess }
            return schedulers.contains(settings.scheduler) ? nil : .noSuchFileOrDirectory
        case .deleteService(let service):
            return state.services[service] == nil ? .noSuchProcess : nil
        case .addDestination(let server, let settings, to: let service):
            guard let found = state.services[service] else { return .noSuchProcess }
            if found[server] != nil { return .fileExists }
            return server.address.family == service.family || settings.method == .tunnel ? nil : .invalidArgument
        case .setDestination(let server, _, of: let service), .deleteDestination(let server, of: let service):
            guard let found = state.services[service] else { return .noSuchProcess }
            return found[server] == nil ? .noSuchFileOrDirectory : nil
        }
    }
}

extension KernelState.Table? {
    /// The table after a transaction, as net/netfilter/nf_tables_api.c carries it out: whole or not at all.
    func committing(_ change: TableChange) throws(NetlinkError) -> Self {
        func refused(_ errno: Errno, _ command: String) -> NetlinkError {
            NetlinkError(code: .refused, errno: errno, command: command)
        }
        var result: Self
        switch change.skeleton {
        case .withdrawn: return nil
        case .absent, .altered: result = KernelState.Table()
        case .intact: result = self
        case .rules:
            result = self
            result?.shape = .intact
        }
        guard var table = result else { throw refused(.noSuchFileOrDirectory, "use table \(PortcullisTable.table)") }
        for element in change.removed where table.elements.remove(element) == nil {
            throw refused(.noSuchFileOrDirectory, "delete element \(element)")
        }
        for element in change.added {
            // The same element again is no error; another one in its place is.
            if table.elements.contains(element) { continue }
            if table.collision(with: element) { throw refused(.fileExists, "add element \(element)") }
            table.elements.insert(element)
        }
        result = table
        return result
    }
}

extension KernelState.Table {
    /// The public addresses it holds: ours.
    public var addresses: [IPAddress] {
        elements.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }

    fileprivate func collision(with element: TableElement) -> Bool {
        switch element {
        case .address, .port: false
        case .range, .source, .mark, .dnat: elements.contains { $0.collides(with: element) }
        }
    }
}
