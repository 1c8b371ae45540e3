public import HealthChecks
public import NetworkTypes
public import ServicesExport

/// What a gateway section asks for beside its forwarding: limits, hairpin, health. What differs by family is kept for
/// both; the export has it by family (`GatewaySection.options(on:)`).
public struct SectionOptions: Sendable, Hashable {
    /// No new connections for an instance that has so many; 0: no limit.
    public var maximumConnections = 0
    /// The new connections per second of the whole section; 0: no limit.
    public var maximumRate = 0
    /// What each client may do, without the prefix.
    public var limit: SourceLimit?
    /// The prefixes whose clients count as one for `limit`.
    public var limitPrefix = PrefixLengths()
    /// Whether each datagram is scheduled by itself.
    public var isOnePacket = false
    /// The prefixes whose clients stay together with one instance.
    public var persistenceMask = PrefixLengths()
    /// Inside networks whose machines reach the public addresses, ascending, none inside another.
    public var hairpin: [AddressPrefix] = []
    /// How instances are checked; `nil`: they are not.
    public var check: HealthCheck?
    /// Seconds in which an instance that comes back climbs to its weight; 0: at once.
    public var slowStart = 0
    /// How many instances get new connections at least, whatever the verdicts say.
    public var minimum = 0
    /// Who gets new connections while no instance does, at most one of each family. Port 0: the port that the instances
    /// have.
    public var sorry: [SorryServer] = []

    public init() {}
}

/// The length of a prefix in each family; `nil`: each address by itself.
public struct PrefixLengths: Sendable, Hashable {
    public var ipv4: Int?
    public var ipv6: Int?

    public init(ipv4: Int? = nil, ipv6: Int? = nil) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }

    /// The length in a family.
    public subscript(family: AddressFamily) -> Int? {
        get { family == .ipv4 ? ipv4 : ipv6 }
        set {
            switch family {
            case .ipv4: ipv4 = newValue
            case .ipv6: ipv6 = newValue
            }
        }
    }
}

extension GatewaySection {
    /// The options of the section's connections on addresses of a family. The port of the sorry server is still that of
    /// the section: see `ConnectionOptions.sorry(at:)`.
    func options(on family: AddressFamily) -> ConnectionOptions {
        var limit = options.limit
        limit?.prefix = options.limitPrefix[family]
        return ConnectionOptions(
            maximumConnections: options.maximumConnections, maximumRate: options.maximumRate, limit: limit,
            isOnePacket: options.isOnePacket, persistenceMask: options.persistenceMask[family],
            hairpin: options.hairpin.filter { $0.address.family == family }, check: options.check,
            slowStart: options.slowStart, minimum: options.minimum, sorry: sorryServer(on: family))
    }

    /// Who gets the connections to an address of `family` while no instance does. A tunnel may lead to the other
    /// family.
    func sorryServer(on family: AddressFamily) -> SorryServer? {
        options.sorry.first { $0.address.family == family } ?? (method == .tunnel ? options.sorry.first : nil)
    }

    /// The oldest version of the export that can express the section where it is served on the families.
    func minimumVersion(on families: [AddressFamily]) -> ServicesCSV.Version {
        families.map { options(on: $0).minimumVersion }.max() ?? .one
    }
}

extension ConnectionOptions {
    /// The options of a connection whose instances have a port: that of the sorry server, too, if it has none.
    func sorry(at port: UInt16) -> Self {
        guard let sorry, sorry.port == 0 else { return self }
        var options = self
        options.sorry = SorryServer(address: sorry.address, port: port)
        return options
    }
}
