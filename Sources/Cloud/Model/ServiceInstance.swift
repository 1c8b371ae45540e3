public import Names

/// One running copy of a service: `tg.3` on server `app2`.
public struct ServiceInstance: Sendable, Hashable {
    public var type: String
    /// Counts the instances of the type, from 1; stays with the instance for its life.
    public var index: Int
    public var server: String
    public var state: ServiceState
    /// 0 to 65,535; `nil`: the gateway section's.
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
