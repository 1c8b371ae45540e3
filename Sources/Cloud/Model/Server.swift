public import Names
public import NetworkTypes

/// A machine that services run on.
public struct Server: Sendable, Hashable {
    /// Unique in the whole cloud.
    public var name: String
    public var location: String
    public var kind: ServerKind
    /// Internal addresses, at most one of a family.
    public var addresses: [IPAddress]
    /// Properties besides the kind, for the `requires` of types; ascending, without duplicates.
    public var labels: [String]
    /// What its services may take. The state of a service of its own may be stricter.
    public var state: ServiceState
    /// When the state ends and the server is ready again, RFC 3339 in UTC; `nil`: it does not end.
    public var until: String?
    /// File systems for the data of services, by name: the path at which each is mounted.
    public var drives: [String: String]

    public init(
        name: String, location: String, kind: ServerKind, addresses: some Sequence<IPAddress>,
        labels: some Sequence<String> = [], state: ServiceState = .ready, until: String? = nil,
        drives: [String: String] = [:]
    ) {
        self.name = name
        self.location = location
        self.kind = kind
        self.addresses = Set(addresses).sorted()
        self.labels = Set(labels).sorted()
        self.state = state
        self.until = until
        self.drives = drives
    }

    /// The internal address of a family; `nil` if the server has none.
    public func address(_ family: AddressFamily) -> IPAddress? { addresses.first { $0.family == family } }
}
