import JSON
public import Names

/// Body of `POST /v1/states`: a state for servers and services, set for all of them or for none.
public struct StateChange: Sendable, Hashable {
    /// The services that have all of the given properties.
    public struct Selection: Sendable, Hashable {
        public var type: String?
        public var server: String?
        public var location: String?

        public init(type: String? = nil, server: String? = nil, location: String? = nil) {
            self.type = type
            self.server = server
            self.location = location
        }
    }

    public var state: ServiceState
    /// The seconds after which the state ends and `ready` follows; `nil`: it does not end.
    public var seconds: Int?
    public var servers: [String]
    public var services: [String]
    /// Services besides those named.
    public var select: Selection?

    public init(
        state: ServiceState, seconds: Int? = nil, servers: [String] = [], services: [String] = [],
        select: Selection? = nil
    ) {
        self.state = state
        self.seconds = seconds
        self.servers = servers
        self.services = services
        self.select = select
    }
}

extension StateChange: Described {
    package static let form = Form<Self>.object(
        "StateChange", .required("state", .choice, \.state),
        .present(
            "for",
            .integer(Limits.stateSeconds).described("Seconds after which ready follows; not with the state ready"),
            \.seconds),
        .present("servers", .set(of: .name(.server), atMost: Limits.applied), else: [], \.servers),
        .present("services", .set(of: .serviceName, atMost: Limits.applied), else: [], \.services),
        .present("select", Selection.form, \.select)
    ) { StateChange(state: $0, seconds: $1, servers: $2, services: $3, select: $4) }
    .checking { change in
        if change.seconds != nil, change.state == .ready {
            return "`for` is only allowed with a state other than ready"
        }
        guard change.servers.isEmpty, change.services.isEmpty, change.select == nil else { return nil }
        return "nothing is named: one of servers, services and select is needed"
    }
}

extension StateChange.Selection: Described {
    package static let form = Form<Self>.object(
        nil, .present("type", .name(.type), \.type), .present("server", .name(.server), \.server),
        .present("location", .name(.location), \.location)
    ) { StateChange.Selection(type: $0, server: $1, location: $2) }
    .checking { $0 == Self() ? "nothing is selected: one of type, server and location is needed" : nil }
}
