import JSON
public import Names

/// Body of `PUT /v1/locations/{location}`.
public struct LocationChange: Sendable, Hashable {
    /// As in the path, where it is given.
    public var name: String?
    /// A description for people.
    public var description: String?

    public init(name: String? = nil, description: String? = nil) {
        self.name = name
        self.description = description
    }
}

/// Body of `PUT /v1/locations/{location}/pools/{pool}`.
public struct PoolChange: Sendable, Hashable {
    /// As in the path, where they are given.
    public var location: String?
    public var name: String?
    public var addresses: [String]

    public init(location: String? = nil, name: String? = nil, addresses: [String]) {
        self.location = location
        self.name = name
        self.addresses = addresses
    }
}

/// Body of `PUT /v1/servers/{server}`.
public struct ServerChange: Sendable, Hashable {
    /// As in the path, where it is given.
    public var name: String?
    public var location: String
    public var kind: ServerKind
    public var addresses: [String]
    public var labels: [String]
    /// `nil`: an existing server keeps its state and its end, a new one is ready.
    public var state: ServiceState?
    /// When the state ends; only with a state. `nil`: it does not end.
    public var until: String?

    public init(
        name: String? = nil, location: String, kind: ServerKind, addresses: [String], labels: [String] = [],
        state: ServiceState? = nil, until: String? = nil
    ) {
        self.name = name
        self.location = location
        self.kind = kind
        self.addresses = addresses
        self.labels = labels
        self.state = state
        self.until = until
    }
}

/// Body of `PATCH /v1/servers/{server}`: what is absent stays.
public struct ServerPatch: Sendable, Hashable {
    public var location: String?
    public var kind: ServerKind?
    public var addresses: [String]?
    public var labels: [String]?
    public var state: ServiceState?
    /// When the state ends; only with a state. `nil`: a state that is given does not end.
    public var until: String?

    public init(
        location: String? = nil, kind: ServerKind? = nil, addresses: [String]? = nil, labels: [String]? = nil,
        state: ServiceState? = nil, until: String? = nil
    ) {
        self.state = state
        self.until = until
        self.location = location
        self.kind = kind
        self.addresses = addresses
        self.labels = labels
    }
}

/// Body of `POST /v1/services`: a new instance, its index allocated by ADMIN.
public struct ServiceCreation: Sendable, Hashable {
    public var type: String
    /// `nil`: ADMIN chooses one with the fewest services of the type.
    public var server: String?
    /// The location of the server that ADMIN chooses; `nil`: any. Not beside `server`.
    public var location: String?
    /// `nil`: ready.
    public var state: ServiceState?
    /// `nil`: the section's.
    public var weight: Int?

    public init(
        type: String, server: String? = nil, location: String? = nil, state: ServiceState? = nil, weight: Int? = nil
    ) {
        self.type = type
        self.server = server
        self.location = location
        self.state = state
        self.weight = weight
    }
}

/// Body of `PUT /v1/services/{service}`.
public struct ServiceChange: Sendable, Hashable {
    /// As in the path, where they are given.
    public var name: String?
    public var type: String?
    public var index: Int?
    public var server: String
    /// `nil`: ready.
    public var state: ServiceState?
    /// `nil`: the section's.
    public var weight: Int?
    /// When the state ends; only with a state. `nil`: it does not end.
    public var until: String?
    /// As the resource has it. Not read: it follows from the states.
    public var effective: EffectiveState?

    public init(
        name: String? = nil, type: String? = nil, index: Int? = nil, server: String,
        state: ServiceState? = nil, weight: Int? = nil, until: String? = nil, effective: EffectiveState? = nil
    ) {
        self.until = until
        self.effective = effective
        self.name = name
        self.type = type
        self.index = index
        self.server = server
        self.state = state
        self.weight = weight
    }
}

/// Body of `PATCH /v1/services/{service}`: what is absent stays.
public struct ServicePatch: Sendable, Hashable {
    /// A weight to set, or the return to the section's weight (JSON `null`).
    public enum Weight: Sendable, Hashable {
        case fromSection
        case fixed(Int)
    }

    public var server: String?
    public var state: ServiceState?
    public var weight: Weight?
    /// When the state ends; only with a state. `nil`: a state that is given does not end.
    public var until: String?

    public init(
        server: String? = nil, state: ServiceState? = nil, weight: Weight? = nil, until: String? = nil
    ) {
        self.until = until
        self.server = server
        self.state = state
        self.weight = weight
    }
}

// MARK: Forms

extension LocationChange: Described {
    package static let form = Form<Self>.object(
        "LocationChange", .repeated("name", .name(.location), \.name),
        .nullable("description", .line(atMost: Limits.description), \.description)
    ) { LocationChange(name: $0, description: $1) }
}

extension PoolChange: Described {
    package static let form = Form<Self>.object(
        "PoolChange", .repeated("location", .name(.location), \.location), .repeated("name", .name(.pool), \.name),
        .required("addresses", .addresses(atMost: Limits.poolAddresses), \.addresses)
    ) { PoolChange(location: $0, name: $1, addresses: $2) }
}

extension ServerChange: Described {
    package static let form = Form<Self>.object(
        "ServerChange", .repeated("name", .name(.server), \.name),
        .required("location", .name(.location), \.location), .required("kind", .choice, \.kind),
        .required("addresses", ServerResource.addresses, \.addresses),
        .optional("labels", ServerResource.labels, else: [], \.labels),
        .present("state", .choice, \.state), .present("until", .stateEnd, \.until)
    ) { ServerChange(name: $0, location: $1, kind: $2, addresses: $3, labels: $4, state: $5, until: $6) }
    .checking { StateEnd.fault($0.state, $0.until) }
}

extension ServerPatch: Described {
    package static let form = Form<Self>.object(
        "ServerPatch", .present("location", .name(.location), \.location), .present("kind", .choice, \.kind),
        .present("addresses", ServerResource.addresses, \.addresses),
        .present("labels", ServerResource.labels, \.labels),
        .present("state", .choice, \.state), .present("until", .stateEnd, \.until)
    ) { ServerPatch(location: $0, kind: $1, addresses: $2, labels: $3, state: $4, until: $5) }
    .checking { StateEnd.fault($0.state, $0.until) }
}

extension ServiceCreation: Described {
    package static let form = Form<Self>.object(
        "ServiceCreation", .required("type", .name(.type), \.type),
        .present(
            "server", .name(.server).described("If absent, ADMIN chooses one with the fewest services of the type"),
            \.server),
        .present(
            "location", .name(.location).described("Where ADMIN chooses the server; only without `server`"),
            \.location),
        .present("state", .choice, \.state), .nullable("weight", ServiceResource.weight, \.weight)
    ) { ServiceCreation(type: $0, server: $1, location: $2, state: $3, weight: $4) }
}

extension ServiceChange: Described {
    package static let form = Form<Self>.object(
        "ServiceChange", .repeated("name", .serviceName, \.name), .repeated("type", .name(.type), \.type),
        .repeated("index", ServiceResource.index, \.index), .required("server", .name(.server), \.server),
        .present("state", .choice, \.state), .nullable("weight", ServiceResource.weight, \.weight),
        .present("until", .stateEnd, \.until), .repeated("effective", EffectiveState.form, \.effective)
    ) {
        ServiceChange(
            name: $0, type: $1, index: $2, server: $3, state: $4, weight: $5, until: $6, effective: $7)
    }
    .checking { StateEnd.fault($0.state, $0.until) }
}

extension ServicePatch: Described {
    package static let form = Form<Self>.object(
        "ServicePatch", .present("server", .name(.server), \.server), .present("state", .choice, \.state),
        .present("weight", weight, \.weight), .present("until", .stateEnd, \.until)
    ) { ServicePatch(server: $0, state: $1, weight: $2, until: $3) }
    .checking { StateEnd.fault($0.state, $0.until) }

    private static let weight = Form<Weight>(
        schema: [
            "type": ["integer", "null"], "minimum": .integer(Limits.weights.lowerBound),
            "maximum": .integer(Limits.weights.upperBound),
            "description": "null: the weight of the type's gateway section",
        ],
        read: { field in
            field.value == .null ? .fromSection : field.integer(in: Limits.weights).map(Weight.fixed)
        },
        write: { weight in
            switch weight {
            case .fromSection: .null
            case .fixed(let weight): .integer(weight)
            }
        })
}
