public import Names

/// One running copy of a service: `tg.3` on server `app2`.
public struct ServiceInstance: Sendable, Hashable {
    public var type: String
    /// The number of the instance within its type, from 1. An instance keeps it for its whole life.
    public var index: Int
    public var server: String
    public var state: ServiceState
    /// When the state ends and the instance is ready again, RFC 3339 in UTC; `nil`: it does not end.
    public var until: String?
    /// 0 to 65,535; `nil`: the gateway section's weight.
    public var weight: Int?
    /// What its server is to have of it; `nil`: ADMIN does not install it.
    public var installation: Installation?

    public init(
        type: String, index: Int, server: String, state: ServiceState = .ready, weight: Int? = nil,
        until: String? = nil, installation: Installation? = nil
    ) {
        self.type = type
        self.index = index
        self.server = server
        self.state = state
        self.weight = weight
        self.installation = installation
        self.until = until
    }

    /// `tg.3`
    public var name: String { "\(type).\(index)" }
}
