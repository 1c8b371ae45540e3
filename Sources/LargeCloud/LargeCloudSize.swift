public import NetworkTypes

/// The size of a `LargeCloud`. The defaults make 2,000 virtual services with 10 real servers each.
public struct LargeCloudSize: Sendable, Equatable {
    static let firstPort = 1024
    static let firstMark: UInt32 = 256
    static let defaultWeight = 100

    /// Service types, 1 to 9,999.
    public var types = 200
    /// Public ports of each type, at least 1.
    public var ports = 10
    /// Instances of each type, at least 1.
    public var instances = 10
    /// How many of the types are exported as a port range under a firewall mark.
    public var marks = 0
    /// Servers for the instances; at least as many as a type has instances.
    public var servers = 200
    /// Address pools for the types, 1 to 254.
    public var pools = 8
    /// The families of every pool and server.
    public var families: [AddressFamily] = [.ipv4]
    /// Weights (0 to 65,535) other than 100, by instance name.
    public var weights: [String: Int] = [:]

    public init() {}

    /// Virtual services, by address and port or by mark, for all families.
    public var virtualServices: Int { (marks + (types - marks) * ports) * families.count }
    /// Real servers, counted once for every virtual service that they belong to.
    public var realServers: Int { virtualServices * instances }

    func check() throws(LargeCloudError) {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(LargeCloudError) {
            if !condition { throw LargeCloudError(message()) }
        }
        try require((1...9_999).contains(types), "types: \(types) is not in 1-9999")
        try require((1...64_512).contains(ports), "ports: \(ports) is not in 1-64512")
        try require((1...100_000).contains(instances), "instances: \(instances) is not in 1-100000")
        try require((0...types).contains(marks), "marks: \(marks) is not in 0-\(types), the number of types")
        try require((1...254).contains(pools), "pools: \(pools) is not in 1-254")
        try require((1...100_000).contains(servers), "servers: \(servers) is not in 1-100000")
        try require(servers >= instances, "servers: \(servers) cannot hold \(instances) instances of a type apart")
        try require(!families.isEmpty, "families: at least one is needed")
        let portsOfPool = (types + pools - 1) / pools * ports
        try require(
            portsOfPool <= 65_536 - Self.firstPort,
            "ports: \(types) types of \(ports) ports on \(pools) pools need \(portsOfPool) ports of an address; "
                + "more pools would help")
        for (name, weight) in weights.sorted(by: { $0.key < $1.key }) {
            try require((0...65_535).contains(weight), "weight of \(name): \(weight) is not in 0-65535")
        }
    }
}

/// Why a `LargeCloud` cannot be made.
public struct LargeCloudError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
