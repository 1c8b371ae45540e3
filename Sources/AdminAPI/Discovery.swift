import JSON
public import Names
package import Text

/// An instance of a service type, for those who connect to it (`GET /v1/types/{type}/instances`).
public struct InstanceResource: Sendable, Hashable {
    /// Where a gateway section has the instance listen.
    public struct Port: Sendable, Hashable {
        /// The gateway section.
        public var section: String
        /// `tcp`, `udp` or `sctp`
        public var transport: String
        /// The port on the instance's server; the first one of a range.
        public var port: Int
        /// The last port of a range; `nil`: `port` is the only one.
        public var lastPort: Int?

        public init(section: String, transport: String, port: Int, lastPort: Int? = nil) {
            self.section = section
            self.transport = transport
            self.port = port
            self.lastPort = lastPort
        }
    }

    /// The service: `pgw.1`.
    public var service: String
    public var server: String
    public var location: String
    public var state: ServiceState
    /// The internal addresses of its server: one, or one of each family.
    public var addresses: [String]
    /// The ports of the type's gateway sections; empty for a type that has none.
    public var ports: [Port]

    public init(
        service: String, server: String, location: String, state: ServiceState, addresses: [String], ports: [Port]
    ) {
        self.service = service
        self.server = server
        self.location = location
        self.state = state
        self.addresses = addresses
        self.ports = ports
    }
}

/// Targets with the same labels, in the form of Prometheus' `http_sd_configs`.
public struct ScrapeGroup: Sendable, Hashable {
    /// Each `address:port`; an address alone for an instance without a single TCP port.
    public var targets: [String]
    /// The labels by name, `__meta_portcullis_…`.
    package var labels: [ExactText: String]

    package init(targets: [String], labels: [ExactText: String]) {
        self.targets = targets
        self.labels = labels
    }
}

/// The version of ADMIN (`GET /v1/version`).
public struct VersionResource: Sendable, Hashable {
    /// Like that of `portcullis-admin --version`.
    public var version: String

    public init(version: String) { self.version = version }
}

// MARK: Forms

extension InstanceResource: Described {
    package static let form = Form<Self>.object(
        "Instance", .required("service", .serviceName, \.service), .required("server", .name(.server), \.server),
        .required("location", .name(.location), \.location), .required("state", .choice, \.state),
        .required("addresses", ServerResource.addresses, \.addresses),
        .required("ports", .list(of: Port.form), \.ports)
    ) { InstanceResource(service: $0, server: $1, location: $2, state: $3, addresses: $4, ports: $5) }
}

extension InstanceResource.Port: Described {
    package static let form = Form<Self>.object(
        "InstancePort", .required("section", .name(.section), \.section),
        .required("protocol", .words("tcp", "udp", "sctp"), \.transport), .required("port", .integer(ports), \.port),
        .present("lastPort", .integer(ports), \.lastPort)
    ) { InstanceResource.Port(section: $0, transport: $1, port: $2, lastPort: $3) }

    private static let ports = 1...65_535
}

extension ScrapeGroup: Described {
    package static let form = Form<Self>.object(
        "ScrapeGroup", .required("targets", .list(of: .text), \.targets),
        .required("labels", .dictionary(of: .text, atMost: 20), \.labels)
    ) { ScrapeGroup(targets: $0, labels: $1) }
}

extension VersionResource: Described {
    package static let form = Form<Self>.object(
        "Version", .required("version", .text, \.version)
    ) { VersionResource(version: $0) }
}
