/// Everything ADMIN knows at one moment, as a value.
///
/// Contradictions, firewall marks and exports are functions of it. References are by name and may
/// dangle: `contradictions()` finds those too.
public struct Cloud: Sendable {
    public var locations: [String: Location]
    public var pools: [AddressPool.ID: AddressPool]
    public var servers: [String: Server]
    public var types: [String: ServiceType]
    /// By name: `tg.3`.
    public var services: [String: ServiceInstance]
    /// Every mark that a section holds, also one that is gone.
    public var marks: [SectionID: UInt32]
    public var secrets: [String: SealedSecret]

    public init(
        locations: some Sequence<Location> = [], pools: some Sequence<AddressPool> = [],
        servers: some Sequence<Server> = [], types: some Sequence<ServiceType> = [],
        services: some Sequence<ServiceInstance> = [], marks: [SectionID: UInt32] = [:],
        secrets: some Sequence<SealedSecret> = []
    ) {
        self.locations = Dictionary(locations.map { ($0.name, $0) }) { $1 }
        self.pools = Dictionary(pools.map { ($0.id, $0) }) { $1 }
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
