import JSON
public import Names
public import Text

/// A location (datacenter): a name servers and address pools belong to.
public struct LocationResource: Sendable, Hashable {
    public var name: String
    /// A description for people.
    public var description: String?

    public init(name: String, description: String? = nil) {
        self.name = name
        self.description = description
    }
}

/// A pool of public addresses at one location, as a gateway section names it (`www-ip`).
public struct PoolResource: Sendable, Hashable {
    public var location: String
    public var name: String
    /// IPv4 and IPv6 addresses in canonical form, sorted, at least one.
    public var addresses: [String]

    public init(location: String, name: String, addresses: [String]) {
        self.location = location
        self.name = name
        self.addresses = addresses
    }
}

/// A server: a machine at a location with its internal addresses.
public struct ServerResource: Sendable, Hashable {
    public var name: String
    public var location: String
    public var kind: ServerKind
    /// Internal addresses: one, or one per family.
    public var addresses: [String]
    /// Properties besides the kind, for the `requires` of types, sorted.
    public var labels: [String]
    /// What its services may take. `nil`: in an apply, an existing server keeps its state and a new one is ready; an
    /// answer has it.
    public var state: ServiceState?
    /// When the state ends and the server is ready again, RFC 3339 in UTC; `nil`: it does not end.
    public var until: String?
    /// File systems for the data of services, paths by name; `nil`: none.
    public var drives: [ExactText: String]?

    public init(
        name: String, location: String, kind: ServerKind, addresses: [String], labels: [String] = [],
        state: ServiceState? = nil, until: String? = nil, drives: [ExactText: String]? = nil
    ) {
        self.drives = drives
        self.state = state
        self.until = until
        self.name = name
        self.location = location
        self.kind = kind
        self.addresses = addresses
        self.labels = labels
    }
}

/// A service type with its meta-configuration, as the registry keeps it now or kept it at an earlier revision.
public struct TypeResource: Sendable, Hashable {
    public var type: String
    /// The number of the revision, from 1. It increases with each change of the source.
    public var revision: Int
    /// The YAML text as it was sent, including comments.
    public var source: String
    /// The author of this revision: the name of a token, or `anonymous`.
    public var changedBy: String
    /// The time of this revision, RFC 3339 in UTC.
    public var changedAt: String

    public init(type: String, revision: Int, source: String, changedBy: String, changedAt: String) {
        self.type = type
        self.revision = revision
        self.source = source
        self.changedBy = changedBy
        self.changedAt = changedAt
    }
}

/// A service type in a list: everything but the source.
public struct TypeSummary: Sendable, Hashable {
    public var type: String
    public var revision: Int
    public var changedBy: String
    /// The time of the revision, RFC 3339 in UTC.
    public var changedAt: String

    public init(type: String, revision: Int, changedBy: String, changedAt: String) {
        self.type = type
        self.revision = revision
        self.changedBy = changedBy
        self.changedAt = changedAt
    }
}

/// A service: one instance of a type on a server (`tg.3`).
public struct ServiceResource: Sendable, Hashable {
    /// `type.index`
    public var name: String
    public var type: String
    public var index: Int
    public var server: String
    public var state: ServiceState
    /// 0 to 65,535; `nil` (JSON `null`): the section's.
    public var weight: Int?
    /// When the state ends and the service is ready again, RFC 3339 in UTC; `nil`: it does not end.
    public var until: String?
    /// What the export has of it: the strictest of its own state and its server's; `nil`: an older ADMIN does not say.
    public var effective: EffectiveState?
    /// The version that its server is to have; `nil`: ADMIN does not install it.
    public var version: VersionReference?
    /// The version's manifest: SHA-256, 64 hexadecimal digits.
    public var digest: String?
    /// Whether it is to run; only with a version.
    public var desired: DesiredRun?
    /// The drive of its server where its data is.
    public var drive: String?
    /// Its move to another server; `nil`: none is on.
    public var move: MoveResource?

    public init(
        name: String, type: String, index: Int, server: String, state: ServiceState, weight: Int?,
        until: String? = nil, effective: EffectiveState? = nil, version: VersionReference? = nil,
        digest: String? = nil, desired: DesiredRun? = nil, drive: String? = nil, move: MoveResource? = nil
    ) {
        self.move = move
        self.version = version
        self.digest = digest
        self.desired = desired
        self.drive = drive
        self.name = name
        self.type = type
        self.index = index
        self.server = server
        self.state = state
        self.weight = weight
        self.until = until
        self.effective = effective
    }
}

// MARK: Forms

extension LocationResource: Described {
    package static let form = Form<Self>.object(
        "Location", .required("name", .name(.location), \.name),
        .nullable("description", .line(atMost: Limits.description), \.description)
    ) { LocationResource(name: $0, description: $1) }
}

extension PoolResource: Described {
    package static let form = Form<Self>.object(
        "Pool", .required("location", .name(.location), \.location), .required("name", .name(.pool), \.name),
        .required("addresses", .addresses(atMost: Limits.poolAddresses), \.addresses)
    ) { PoolResource(location: $0, name: $1, addresses: $2) }
}

extension ServerResource: Described {
    package static let form = Form<Self>.object(
        "Server", .required("name", .name(.server), \.name),
        .required("location", .name(.location), \.location), .required("kind", .choice, \.kind),
        .required("addresses", addresses, \.addresses), .optional("labels", labels, else: [], \.labels),
        .present("state", .choice, \.state), .present("until", .stateEnd, \.until),
        .present("drives", .drives, \.drives)
    ) {
        ServerResource(
            name: $0, location: $1, kind: $2, addresses: $3, labels: $4, state: $5, until: $6, drives: $7)
    }
    .checking { StateEnd.fault($0.state, $0.until) }

    /// Internal addresses: one, or one for each family.
    static let addresses = Form<[String]>.addresses(atMost: Limits.serverAddresses, onePerFamily: true)
    static let labels = Form<[String]>.set(of: .name(.label), atMost: Limits.serverLabels)
}

/// The YAML text of a type.
package let typeSource = Form<String>.text.described("The YAML text of the type's meta-configuration")
/// The form of numbers that count from 1, such as revisions and lines.
let countFromOne = Form<Int>.integer(atLeast: 1)

extension TypeResource: Described {
    package static let form = Form<Self>.object(
        "Type", .required("type", .name(.type), \.type), .required("revision", countFromOne, \.revision),
        .required("source", typeSource, \.source), .required("changedBy", .actor, \.changedBy),
        .required("changedAt", .time, \.changedAt)
    ) { TypeResource(type: $0, revision: $1, source: $2, changedBy: $3, changedAt: $4) }
}

extension TypeSummary: Described {
    package static let form = Form<Self>.object(
        "TypeSummary", .required("type", .name(.type), \.type),
        .required("revision", countFromOne, \.revision), .required("changedBy", .actor, \.changedBy),
        .required("changedAt", .time, \.changedAt)
    ) { TypeSummary(type: $0, revision: $1, changedBy: $2, changedAt: $3) }
}

extension ServiceResource: Described {
    package static let form = Form<Self>.object(
        "Service", .required("name", .serviceName, \.name), .required("type", .name(.type), \.type),
        .required("index", index, \.index), .required("server", .name(.server), \.server),
        .required("state", .choice, \.state), .null("weight", weight, \.weight),
        .present("until", .stateEnd, \.until), .present("effective", EffectiveState.form, \.effective),
        .present("version", .version, \.version), .present("digest", .digest, \.digest),
        .present("desired", .choice, \.desired), .present("drive", .name(.drive), \.drive),
        .present("move", MoveResource.form, \.move)
    ) {
        ServiceResource(
            name: $0, type: $1, index: $2, server: $3, state: $4, weight: $5, until: $6, effective: $7, version: $8,
            digest: $9, desired: $10, drive: $11, move: $12)
    }

    static let index = Form<Int>.integer(1...ServiceName.maximumIndex)
    static let weight = Form<Int>.integer(Limits.weights).described("null: the weight of the type's gateway section")
}
