import JSON
public import Names
public import Text

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
    /// Paths by name; `nil`: none.
    public var drives: [ExactText: String]?

    public init(
        name: String? = nil, location: String, kind: ServerKind, addresses: [String], labels: [String] = [],
        state: ServiceState? = nil, until: String? = nil, drives: [ExactText: String]? = nil
    ) {
        self.drives = drives
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
    /// Paths by name, instead of those that it has.
    public var drives: [ExactText: String]?

    public init(
        location: String? = nil, kind: ServerKind? = nil, addresses: [String]? = nil, labels: [String]? = nil,
        state: ServiceState? = nil, until: String? = nil, drives: [ExactText: String]? = nil
    ) {
        self.drives = drives
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
    /// The version that its server is to have; `nil`: ADMIN does not install it.
    public var version: VersionReference?
    /// `nil`: running. Only with a version.
    public var desired: DesiredRun?

    public init(
        type: String, server: String? = nil, location: String? = nil, state: ServiceState? = nil, weight: Int? = nil,
        version: VersionReference? = nil, desired: DesiredRun? = nil
    ) {
        self.version = version
        self.desired = desired
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
    /// The version that its server is to have; `nil`: ADMIN does not install it.
    public var version: VersionReference?
    /// `nil`: running. Only with a version.
    public var desired: DesiredRun?
    /// As the resource has them. Not read: they follow from the version and the server.
    public var digest: String?
    public var drive: String?
    /// As the resource has it. Not read.
    public var move: MoveResource?

    public init(
        name: String? = nil, type: String? = nil, index: Int? = nil, server: String,
        state: ServiceState? = nil, weight: Int? = nil, until: String? = nil, effective: EffectiveState? = nil,
        version: VersionReference? = nil, desired: DesiredRun? = nil, digest: String? = nil, drive: String? = nil,
        move: MoveResource? = nil
    ) {
        self.move = move
        self.version = version
        self.desired = desired
        self.digest = digest
        self.drive = drive
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

    /// A version to have, or none any more (JSON `null`): ADMIN then stops the service, and its directory stays.
    public enum Version: Sendable, Hashable {
        case none
        case reference(VersionReference)
    }

    public var server: String?
    public var state: ServiceState?
    public var weight: Weight?
    /// When the state ends; only with a state. `nil`: a state that is given does not end.
    public var until: String?
    public var version: Version?
    public var desired: DesiredRun?

    public init(
        server: String? = nil, state: ServiceState? = nil, weight: Weight? = nil, until: String? = nil,
        version: Version? = nil, desired: DesiredRun? = nil
    ) {
        self.version = version
        self.desired = desired
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
        .present("state", .choice, \.state), .present("until", .stateEnd, \.until),
        .present("drives", .drives, \.drives)
    ) {
        ServerChange(name: $0, location: $1, kind: $2, addresses: $3, labels: $4, state: $5, until: $6, drives: $7)
    }
    .checking { StateEnd.fault($0.state, $0.until) }
}

extension ServerPatch: Described {
    package static let form = Form<Self>.object(
        "ServerPatch", .present("location", .name(.location), \.location), .present("kind", .choice, \.kind),
        .present("addresses", ServerResource.addresses, \.addresses),
        .present("labels", ServerResource.labels, \.labels),
        .present("state", .choice, \.state), .present("until", .stateEnd, \.until),
        .present("drives", .drives, \.drives)
    ) { ServerPatch(location: $0, kind: $1, addresses: $2, labels: $3, state: $4, until: $5, drives: $6) }
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
        .present("state", .choice, \.state), .nullable("weight", ServiceResource.weight, \.weight),
        .present("version", .version, \.version), .present("desired", .choice, \.desired)
    ) {
        ServiceCreation(type: $0, server: $1, location: $2, state: $3, weight: $4, version: $5, desired: $6)
    }
    .checking { InstallationRule.fault($0.version, $0.desired) }
}

extension ServiceChange: Described {
    package static let form = Form<Self>.object(
        "ServiceChange", .repeated("name", .serviceName, \.name), .repeated("type", .name(.type), \.type),
        .repeated("index", ServiceResource.index, \.index), .required("server", .name(.server), \.server),
        .present("state", .choice, \.state), .nullable("weight", ServiceResource.weight, \.weight),
        .present("until", .stateEnd, \.until), .repeated("effective", EffectiveState.form, \.effective),
        .present("version", .version, \.version), .present("desired", .choice, \.desired),
        .repeated("digest", .digest, \.digest), .repeated("drive", .name(.drive), \.drive),
        .repeated("move", MoveResource.form, \.move)
    ) {
        ServiceChange(
            name: $0, type: $1, index: $2, server: $3, state: $4, weight: $5, until: $6, effective: $7, version: $8,
            desired: $9, digest: $10, drive: $11, move: $12)
    }
    .checking { StateEnd.fault($0.state, $0.until) ?? InstallationRule.fault($0.version, $0.desired) }
}

extension ServicePatch: Described {
    package static let form = Form<Self>.object(
        "ServicePatch", .present("server", .name(.server), \.server), .present("state", .choice, \.state),
        .present("weight", weight, \.weight), .present("until", .stateEnd, \.until),
        .present("version", version, \.version), .present("desired", .choice, \.desired)
    ) { ServicePatch(server: $0, state: $1, weight: $2, until: $3, version: $4, desired: $5) }
    .checking { patch in
        if patch.version == ServicePatch.Version.none, patch.desired != nil { return InstallationRule.text }
        return StateEnd.fault(patch.state, patch.until)
    }

    static let version = Form<Version>(
        schema: ["anyOf": [Form<VersionReference>.version.schema, ["type": "null"]]],
        read: { field in
            field.value == .null
                ? Version.none : Form<VersionReference>.version.read(field).map(Version.reference)
        },
        write: { version in
            switch version {
            case .none: .null
            case .reference(let reference): Form<VersionReference>.version.write(reference)
            }
        })

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

/// The rule that all bodies with a version share.
enum InstallationRule {
    static let text = "`desired` is only allowed with a `version`"

    /// What is wrong with a version and what is desired of it; `nil`: nothing.
    static func fault(_ version: VersionReference?, _ desired: DesiredRun?) -> String? {
        version == nil && desired != nil ? text : nil
    }
}
