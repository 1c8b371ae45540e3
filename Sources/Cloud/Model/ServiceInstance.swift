public import Names

/// One running copy of a service: `tg.3` on server `app2`.
public struct ServiceInstance: Sendable, Hashable {
    public var type: String
    /// The number of the instance within its type, from 1. An instance keeps it for its whole life.
    public var index: Int
    public var server: String
    public var state: ServiceState
    /// 0 to 65,535; `nil`: the gateway section's weight.
    public var weight: Int?

    public init(type: String, index: Int, server: String, state: ServiceState = .ready, weight: Int? = nil) {
        self.type = type
        self.index = index
        self.server = server
        self.state = state
        self.weight = weight
    }

    /// `tg.3`
    public var name: String { "\(type).\(index)" }
}
