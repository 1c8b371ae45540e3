public import NetworkTypes

/// Everything that ADMIN knows at one moment, as a value.
///
/// Contradictions, firewall marks and exports are functions of it. References are by name and may dangle, which
/// `contradictions()` also finds.
public struct Cloud: Sendable {
    public var locations: [String: Location]
    public var pools: [AddressPool.ID: AddressPool]
    public var egress: [Egress.ID: Egress]
    public var servers: [String: Server]
    public var types: [String: ServiceType]
    /// Services by name: `tg.3`.
    public var services: [String: ServiceInstance]
    /// Every mark that a section holds, including sections that are gone.
    public var marks: [MarkID: UInt32]
    public var secrets: [String: SealedSecret]
    /// What is left on servers of services that were installed there.
    public var remains: [Remains.ID: Remains] = [:]
    /// Jobs by identifier: all that have not ended, and the newest that have.
    public var jobs: [String: Job] = [:]
    /// Rollouts by identifier: all that have not ended or hold an instance back, and the newest of the others.
    public var rollouts: [String: ServiceRollout] = [:] {
        didSet { heldBackByRollouts = rollouts.values.reduce(into: []) { $0.formUnion($1.drained) } }
    }
    /// The instances that rollouts have drained. Follows `rollouts`, at the cost of a walk over their instances with each
    /// change of one, so that whoever asks for the state of each service only looks it up.
    package private(set) var heldBackByRollouts: Set<String> = []
    /// The moves of services that are on, and the newest of those that have ended, by service.
    public var moves: [String: RecordedMove] = [:]
    /// The levels from which programs log, by service; those that are not here log from their own.
    public var logLevels: [String: String] = [:]
    /// When ADMIN has last made a job of an action that is run at intervals, in seconds since 1970.
    public var actionRuns: [ScheduledAction: Int] = [:]
    /// Servers whose nodes are not heard of any more, by name.
    public var lostServers: [String: LostServer] = [:]
    /// What people are to be told of a change; empty in a cloud that was stored: the commit puts it into the outbox.
    public var notices: [Notice] = []

    public init(
        locations: some Sequence<Location> = [], pools: some Sequence<AddressPool> = [],
        egress: some Sequence<Egress> = [], servers: some Sequence<Server> = [],
        types: some Sequence<ServiceType> = [], services: some Sequence<ServiceInstance> = [],
        marks: [MarkID: UInt32] = [:], secrets: some Sequence<SealedSecret> = []
    ) {
        self.locations = Dictionary(locations.map { ($0.name, $0) }) { $1 }
        self.pools = Dictionary(pools.map { ($0.id, $0) }) { $1 }
        self.egress = Dictionary(egress.map { ($0.id, $0) }) { $1 }
        self.servers = Dictionary(servers.map { ($0.name, $0) }) { $1 }
        self.types = Dictionary(types.map { ($0.name, $0) }) { $1 }
        self.services = Dictionary(services.map { ($0.name, $0) }) { $1 }
        self.marks = marks
        self.secrets = Dictionary(secrets.map { ($0.name, $0) }) { $1 }
    }
}

/// A gateway section of a type: `tg/devices`.
public struct SectionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let type: String
    public let section: String

    public init(type: String, section: String) {
        self.type = type
        self.section = section
    }

    public static func < (a: Self, b: Self) -> Bool { (a.type, a.section) < (b.type, b.section) }
    public var description: String { "\(type)/\(section)" }
}

/// The holder of a firewall mark: a gateway section, or its UDP if that is separate from its other protocols.
public struct MarkID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let section: SectionID
    /// `nil`: the section's own mark, for all its protocols that have none of their own.
    public let transport: TransportProtocol?

    public init(_ section: SectionID, _ transport: TransportProtocol? = nil) {
        self.section = section
        self.transport = transport
    }

    public static func < (a: Self, b: Self) -> Bool {
        if a.section != b.section { return a.section < b.section }
        guard let other = b.transport else { return false }
        return a.transport.map { $0 < other } ?? true
    }

    /// `tg/devices`, `tg/devices udp`
    public var description: String { transport.map { "\(section) \($0)" } ?? "\(section)" }
}
