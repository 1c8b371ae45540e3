import JSON
public import Names

/// Body of `POST /v1/apply`: a cloud, or a part of one, as it shall be; written in one transaction.
public struct ApplyRequest: Sendable, Hashable {
    /// A service type and the YAML text of its meta-configuration (one document).
    public struct ServiceType: Sendable, Hashable {
        public var name: String
        public var source: String

        public init(name: String, source: String) {
            self.name = name
            self.source = source
        }
    }

    /// A service by its full name (`tg.3`).
    public struct Service: Sendable, Hashable {
        public var name: String
        public var server: String
        /// `nil`: an existing service keeps its state (an operator's drain survives an apply), a new one is ready.
        public var state: ServiceState?
        /// `nil`: the section's.
        public var weight: Int?
        /// When the state ends; only with a state. `nil`: a state that is given does not end.
        public var until: String?
        /// `nil`: an existing service keeps its version, and whether it is to run; a new one is not installed by ADMIN.
        public var version: VersionReference?
        /// `nil`: an existing service keeps it, a new one is to run. Only with a version.
        public var desired: DesiredRun?

        public init(
            name: String, server: String, state: ServiceState? = nil, weight: Int? = nil, until: String? = nil,
            version: VersionReference? = nil, desired: DesiredRun? = nil
        ) {
            self.version = version
            self.desired = desired
            self.until = until
            self.name = name
            self.server = server
            self.state = state
            self.weight = weight
        }
    }

    public var locations: [LocationResource]
    public var pools: [PoolResource]
    public var egress: [EgressResource]
    public var servers: [ServerResource]
    public var types: [ServiceType]
    public var services: [Service]
    /// Whether everything that is not listed is deleted.
    public var prune: Bool
    /// The number of objects that a prune deletes. Deleting a large part of the cloud requires it.
    public var yesDelete: Int?
    public var remove: ApplyRemoval?

    public init(
        locations: [LocationResource] = [], pools: [PoolResource] = [], egress: [EgressResource] = [],
        servers: [ServerResource] = [], types: [ServiceType] = [], services: [Service] = [], prune: Bool = false,
        yesDelete: Int? = nil, remove: ApplyRemoval? = nil
    ) {
        self.locations = locations
        self.pools = pools
        self.egress = egress
        self.servers = servers
        self.types = types
        self.services = services
        self.prune = prune
        self.yesDelete = yesDelete
        self.remove = remove
    }
}

// MARK: Forms

extension ApplyRequest: Described {
    package static let form = Form<Self>.object(
        "Apply", .present("locations", list(of: LocationResource.form, by: \.name), else: [], \.locations),
        .present("pools", list(of: PoolResource.form) { [$0.location, $0.name] }, else: [], \.pools),
        .filled("egress", list(of: EgressResource.form) { [$0.location, $0.name] }, \.egress),
        .present("servers", list(of: ServerResource.form, by: \.name), else: [], \.servers),
        .present("types", list(of: ServiceType.form, by: \.name), else: [], \.types),
        .present("services", list(of: Service.form, by: \.name), else: [], \.services),
        .present("prune", .boolean, else: false, \.prune),
        .nullable("yesDelete", deletions, \.yesDelete), .present("remove", ApplyRemoval.form, \.remove)
    ) {
        ApplyRequest(
            locations: $0, pools: $1, egress: $2, servers: $3, types: $4, services: $5, prune: $6, yesDelete: $7,
            remove: $8)
    }

    private static func list<Element, Key: Hashable & SendableMetatype>(
        of form: Form<Element>, by key: @escaping @Sendable (Element) -> Key
    ) -> Form<[Element]> {
        .list(of: form, atMost: Limits.applied, by: key)
    }

    private static let deletions = Form<Int>.integer(0...Limits.applied * 6)
        .described("How many things the prune deletes: needed where that is a large part of the cloud")
}

extension ApplyRequest.ServiceType: Described {
    package static let form = Form<Self>.object(
        nil, .required("name", .name(.type), \.name), .required("source", typeSource, \.source)
    ) { ApplyRequest.ServiceType(name: $0, source: $1) }
    .checking { type in
        type.source.utf8.count > Limits.source ? "the source is longer than \(Limits.source) bytes" : nil
    }
}

extension ApplyRequest.Service: Described {
    package static let form = Form<Self>.object(
        nil, .required("name", .serviceName, \.name), .required("server", .name(.server), \.server),
        .present("state", .choice, \.state), .nullable("weight", ServiceResource.weight, \.weight),
        .present("until", .stateEnd, \.until), .present("version", .version, \.version),
        .present("desired", .choice, \.desired)
    ) {
        ApplyRequest.Service(name: $0, server: $1, state: $2, weight: $3, until: $4, version: $5, desired: $6)
    }
    .checking { StateEnd.fault($0.state, $0.until) ?? InstallationRule.fault($0.version, $0.desired) }
}
