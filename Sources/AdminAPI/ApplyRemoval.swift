import Names

/// What an apply takes away (`remove` in the body of `POST /v1/apply`), after the rest of it is in place.
public struct ApplyRemoval: Sendable, Hashable {
    /// A pool or an egress rule.
    public struct AtLocation: Sendable, Hashable {
        public var location: String
        public var name: String

        public init(location: String, name: String) {
            self.location = location
            self.name = name
        }
    }

    public var services: [String]
    public var servers: [String]
    public var types: [String]
    public var pools: [AtLocation]
    public var egress: [AtLocation]
    public var locations: [String]
    /// Firewall marks of sections that are gone.
    public var marks: [Int]

    public init(
        services: [String] = [], servers: [String] = [], types: [String] = [], pools: [AtLocation] = [],
        egress: [AtLocation] = [], locations: [String] = [], marks: [Int] = []
    ) {
        self.services = services
        self.servers = servers
        self.types = types
        self.pools = pools
        self.egress = egress
        self.locations = locations
        self.marks = marks
    }
}

extension ApplyRemoval: Described {
    package static let form = Form<Self>.object(
        nil, .filled("services", .set(of: .serviceName, atMost: Limits.applied), \.services),
        .filled("servers", .set(of: .name(.server), atMost: Limits.applied), \.servers),
        .filled("types", .set(of: .name(.type), atMost: Limits.applied), \.types),
        .filled("pools", list(of: .pool), \.pools), .filled("egress", list(of: .egress), \.egress),
        .filled("locations", .set(of: .name(.location), atMost: Limits.applied), \.locations),
        .filled("marks", marks, \.marks)
    ) {
        ApplyRemoval(services: $0, servers: $1, types: $2, pools: $3, egress: $4, locations: $5, marks: $6)
    }

    private static let marks = Form<[Int]>.list(of: .integer(Limits.marks), atMost: Limits.marks.count) { $0 }

    private static func list(of kind: ObjectName.Kind) -> Form<[AtLocation]> {
        let element = Form<AtLocation>.object(
            nil, .required("location", .name(.location), \.location), .required("name", .name(kind), \.name)
        ) { AtLocation(location: $0, name: $1) }
        return .list(of: element, atMost: Limits.applied) { $0 }
    }
}
