/// Body of `POST /v1/apply`: a cloud, or a part of one, as it shall be; written in one transaction.
public struct ApplyRequest: Codable, Sendable, Hashable {
    /// A service type and the YAML text of its meta-configuration (one document).
    public struct ServiceType: Codable, Sendable, Hashable {
        public var name: String
        public var source: String

        public init(name: String, source: String) {
            self.name = name
            self.source = source
        }
    }

    /// A service by its full name (`tg.3`).
    public struct Service: Codable, Sendable, Hashable {
        public var name: String
        public var server: String
        /// `nil`: an existing service keeps its state (an operator's drain survives an apply), a new one is ready.
        public var state: ServiceResource.State?
        /// `nil`: the section's.
        public var weight: Int?

        public init(name: String, server: String, state: ServiceResource.State? = nil, weight: Int? = nil) {
            self.name = name
            self.server = server
            self.state = state
            self.weight = weight
        }
    }

    public var locations: [LocationResource]
    public var pools: [PoolResource]
    public var servers: [ServerResource]
    public var types: [ServiceType]
    public var services: [Service]
    /// Whether everything that is not listed is deleted.
    public var prune: Bool
    /// How many things a prune deletes: a large part of the cloud goes only when the number is named.
    public var yesDelete: Int?

    public init(
        locations: [LocationResource] = [], pools: [PoolResource] = [], servers: [ServerResource] = [],
        types: [ServiceType] = [], services: [Service] = [], prune: Bool = false, yesDelete: Int? = nil
    ) {
        self.locations = locations
        self.pools = pools
        self.servers = servers
        self.types = types
        self.services = services
        self.prune = prune
        self.yesDelete = yesDelete
    }
}
