public import GatewayDaemon
public import GatewaySync
import Glibc
public import Netlink
public import NetworkTypes
import Synchronization
public import SystemPackage

/// A kernel in memory that refuses what the real one refuses: for tests, and for plans away from a gateway.
///
/// The same scenarios run against this and the real kernel, so that both agree.
public final class InMemoryKernel: Kernel, Sendable {
    struct World {
        var state = KernelState()
        var connections = ConnectionCounts()
        /// The connections of servers that `connections` does not contain.
        var otherConnections = 0
        var settings = KernelSettings(
            sysctls: [
                "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.vs.expire_nodest_conn": "1",
                "net.ipv4.vs.expire_quiescent_template": "1", "net.ipv4.vs.conn_reuse_mode": "1",
                "net.ipv4.vs.conntrack": "0", "net.ipv4.vs.backup_only": "0", "net.ipv4.vs.drop_entry": "0",
                "net.ipv4.vs.drop_packet": "0", "net.ipv4.vs.secure_tcp": "0", "net.ipv4.vs.sync_threshold": "3 50",
                "net.ipv4.vs.sync_refresh_period": "0",
            ], timeouts: IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300))
        /// Settings that cannot be written.
        var readOnly: Set<KernelSetting> = []
        var list: [IPVS.ServiceEntry]?
        var flows: Set<Conntrack.Flow> = []
        var flowFault: Errno?
        var schedulers: Set<String>
        var fault: Fault?
        var reads = 0
        /// How long each read takes.
        var delay = Duration.zero
        var isUnreadable = false
        var writes = 0
        var observer: (@Sendable (KernelState) -> Void)?
        var listeners: [AsyncStream<Void>.Continuation] = []
        var localAddresses: Set<IPAddress> = []
        var syncDaemons: [IPVS.SyncDaemon] = []
    }

    /// Decides whether a command (`nil`: a transaction) is refused, and how.
    public typealias Fault = @Sendable (IPVS.Command?) -> Errno?

    private let world: Mutex<World>

    /// - Parameter schedulers: the schedulers that this kernel has.
    public init(
        _ state: KernelState = KernelState(),
        schedulers: Set<String> = ["rr", "wrr", "lc", "wlc", "sh", "mh", "dh", "sed", "nq", "fo", "ovf"]
    ) {
        world = Mutex(World(state: state, schedulers: schedulers))
    }

    /// The whole state, ours and foreign. Setting it counts as a change by another program: listeners are told if the
    /// table differs.
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

    /// How many times it was read.
    public var reads: Int { world.withLock { $0.reads } }
    /// How many commands and transactions it has received.
    public var writes: Int { world.withLock { $0.writes } }

    /// Makes commands fail from now on; `nil`: no longer.
    public func inject(_ fault: Fault?) { world.withLock { $0.fault = fault } }

    /// Delays each read.
    public func delayReads(by delay: Duration) { world.withLock { $0.delay = delay } }

    /// Makes each read fail, as if the module were missing.
    public func refuseReads(_ isUnreadable: Bool) { world.withLock { $0.isUnreadable = isUnreadable } }

    /// The beginning of each read.
    private func beginReading() throws(NetlinkError) {
        let (delay, isUnreadable) = world.withLock { world in
            world.reads += 1
            return (world.delay, world.isUnreadable)
        }
        if delay > .zero { usleep(UInt32(delay.milliseconds * 1_000)) }
        guard !isUnreadable else {
            throw NetlinkError(code: .refused, errno: .noSuchFileOrDirectory, command: "read the kernel")
        }
    }

    /// Calls the observer with the state after each command and transaction.
    public func observe(_ observer: (@Sendable (KernelState) -> Void)?) { world.withLock { $0.observer = observer } }

    /// Sets the number of connections of every real server for which no other number was set.
    public func setConnections(_ count: Int) { world.withLock { $0.otherConnections = count } }

    /// Sets the number of connections of a real server.
    public func setConnections(
        _ count: Int, of server: IPVS.DestinationIdentity, in service: IPVS.ServiceIdentity
    ) {
        world.withLock { $0.connections[service, server] = count }
    }

    /// The flows that conntrack holds.
    public var flows: Set<Conntrack.Flow> {
        get { world.withLock { $0.flows } }
        set { world.withLock { $0.flows = newValue } }
    }

    /// Makes ctnetlink refuse everything from now on; `nil`: no longer.
    public func injectFlows(_ errno: Errno?) { world.withLock { $0.flowFault = errno } }

    public func flows(
        under rules: [TranslationRule]
    ) throws(NetlinkError) -> [Conntrack.Destination: FlowTally] {
        let (flows, fault) = world.withLock { world in
            world.reads += 1
            return (world.flows, world.flowFault)
        }
        if let fault { throw NetlinkError(code: .refused, errno: fault, command: "list flows") }
        var tallies = Dictionary(rules.map { ($0.port, FlowTally()) }) { $1 }
        for rule in rules {
            for flow in flows where flow.destination == rule.port { tallies[rule.port]?.count(flow, under: rule) }
        }
        return tallies
    }

    public func expire(_ rules: [TranslationRule]) throws(NetlinkError) -> Int {
        let (deleted, fault) = world.withLock { world in
            guard world.flowFault == nil else { return (0, world.flowFault) }
            world.writes += 1
            let before = world.flows.count
            for rule in rules {
                world.flows = world.flows.filter { $0.destination != rule.port || rule.keeps($0) }
            }
            return (before - world.flows.count, nil)
        }
        if let fault { throw NetlinkError(code: .refused, errno: fault, command: "delete flows") }
        return deleted
    }

    public func read(_ ownership: Ownership) throws(NetlinkError) -> KernelState {
        try beginReading()
        return world.withLock { world in
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
        try beginReading()
        return world.withLock { world in
            var counts = ConnectionCounts()
            for (service, destinations) in servers {
                for server in destinations {
                    counts[service, server] = world.connections[service, server] ?? world.otherConnections
                }
            }
            return counts
        }
    }

    public func sysctls(_ names: [String]) throws(NetlinkError) -> [String: String] {
        world.withLock { world in world.settings.sysctls.filter { names.contains($0.key) } }
    }

    public func timeouts() throws(NetlinkError) -> IPVS.Timeouts { world.withLock { $0.settings.timeouts } }

    public func apply(_ step: SettingStep) throws(NetlinkError) {
        let isAllowed = world.withLock { world in
            guard !world.readOnly.contains(step.setting) else { return false }
            world.settings[step.setting] = step.wanted
            return true
        }
        guard isAllowed else {
            throw NetlinkError(
                code: .refused, errno: .readOnlyFileSystem, command: "set \(step.setting)=\(step.wanted)")
        }
    }

    /// The settings. Setting them counts as a change by another program.
    public var settings: KernelSettings {
        get { world.withLock { $0.settings } }
        set { world.withLock { $0.settings = newValue } }
    }

    /// Makes settings read-only.
    public func makeReadOnly(_ settings: Set<KernelSetting>) { world.withLock { $0.readOnly = settings } }

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

    public func table() throws(NetlinkError) -> KernelState.Table? {
        try beginReading()
        return world.withLock { world in
            return world.state.table
        }
    }

    public func tableShape() throws(NetlinkError) -> KernelState.Table.Shape? { try table()?.shape }

    public func tableCounters() throws(NetlinkError) -> [Nftables.Counter] {
        try table() == nil ? [] : PortcullisTable.counters.map { Nftables.Counter(name: $0) }
    }

    public func beginListing() throws(NetlinkError) {
        try beginReading()
        world.withLock { world in
            world.list = world.state.services.map { identity, service in
                IPVS.ServiceEntry(IPVS.Service(identity, service.settings), IPVS.ServiceStatistics())
            }
        }
    }

    public func nextListed() throws(NetlinkError) -> [IPVS.ServiceEntry]? {
        world.withLock { world in
            defer { world.list = nil }
            return world.list
        }
    }

    public func serviceSettings(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> IPVS.ServiceSettings? {
        try beginReading()
        return world.withLock { world in
            return world.state.services[service]?.settings
        }
    }

    public func servers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.Destination] {
        try beginReading()
        return world.withLock { $0.state.services[service]?.destinations ?? [] }
    }

    public func countedServers(of service: IPVS.ServiceIdentity) throws(NetlinkError) -> [IPVS.DestinationEntry] {
        try servers(of: service).map { IPVS.DestinationEntry($0, IPVS.DestinationStatistics()) }
    }

    public func foreignTableChanges() throws(NetlinkError) -> AsyncStream<Void> {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        world.withLock { $0.listeners.append(continuation) }
        return changes
    }

    public func notLocal(among addresses: some Sequence<IPAddress>) throws(NetlinkError) -> [IPAddress] {
        world.withLock { world in addresses.filter { !world.localAddresses.contains($0) } }
    }

    /// The number of listeners for changes of the table.
    public var listenerCount: Int { world.withLock { $0.listeners.count } }

    /// Sets the machine's addresses.
    public func setLocalAddresses(_ addresses: Set<IPAddress>) { world.withLock { $0.localAddresses = addresses } }
}

extension NetlinkError.Code {
    /// The code that the real kernel's connection gives to an error number.
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
    /// The refusal of a command, like that of `ip_vs_genl_set_cmd` (net/netfilter/ipvs/ip_vs_ctl.c).
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
    /// The table after a transaction, which is carried out as a whole or not at all, like in
    /// net/netfilter/nf_tables_api.c.
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
        switch change.skeleton {
        case .absent, .altered: table.limiters = Set(change.added.compactMap(\.limiter))
        case .intact, .rules, .withdrawn: table.limiters.formUnion(change.limiters.made)
        }
        for element in change.removed where table.elements.remove(element) == nil {
            throw refused(.noSuchFileOrDirectory, "delete element \(element)")
        }
        for element in change.added {
            // Adding the same element again is no error; adding one that conflicts is.
            if table.elements.contains(element) { continue }
            if table.collision(with: element) { throw refused(.fileExists, "add element \(element)") }
            if let limiter = element.limiter, !table.limiters.contains(limiter) {
                throw refused(.noSuchFileOrDirectory, "add element \(element)")
            }
            table.elements.insert(element)
        }
        for limiter in change.limiters.deleted {
            guard !table.elements.contains(where: { $0.limiter == limiter }) else {
                throw refused(.resourceBusy, "delete chain \(limiter.name)")
            }
            guard table.limiters.remove(limiter) != nil else {
                throw refused(.noSuchFileOrDirectory, "delete chain \(limiter.name)")
            }
        }
        result = table
        return result
    }
}

extension KernelState.Table {
    fileprivate func collision(with element: TableElement) -> Bool {
        switch element {
        case .address, .port: false
        case .range, .source, .mark, .dnat, .limit, .hairpin, .inside, .exempt, .egress:
            elements.contains { $0.collides(with: element) }
        }
    }
}
