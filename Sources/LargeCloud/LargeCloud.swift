public import NetworkTypes
public import ServicesExport

/// An artificial cloud of any size, for tests and benchmarks. Each renderer of this module writes the same content in
/// another program's language. Equal sizes give equal clouds.
public struct LargeCloud: Sendable, Equatable {
    /// The name of the only location.
    public static let location = "large"
    /// The name of each type's only gateway section.
    public static let section = "main"
    /// The scheduler of every virtual service.
    public static let scheduler = Scheduler.wlc

    public let size: LargeCloudSize
    public let pools: [Pool]
    public let servers: [Server]
    public let types: [ServiceType]

    /// A pool of one public address of each family.
    public struct Pool: Sendable, Equatable {
        public let name: String
        public let addresses: [IPAddress]
    }

    /// A server with one internal address of each family.
    public struct Server: Sendable, Equatable {
        public let name: String
        public let addresses: [IPAddress]
    }

    /// A service type with one gateway section.
    public struct ServiceType: Sendable, Equatable {
        public let name: String
        public let pool: Pool
        public let exposure: Exposure
        public let instances: [Instance]
    }

    /// How a type's instances are reached from outside.
    public enum Exposure: Sendable, Equatable {
        /// TCP ports, each its own virtual service.
        case ports([PortMapping])
        /// A range of TCP and UDP ports with one firewall mark, which keeps the client's port.
        case mark(UInt32, ports: PortRange)
    }

    /// A public port, and the port on which the instances listen.
    public struct PortMapping: Sendable, Equatable {
        /// One port.
        public let external: PortRange
        public let backend: UInt16
    }

    /// An instance of a type on a server.
    public struct Instance: Sendable, Equatable {
        /// `type.index`
        public let name: String
        public let server: Server
        /// 0 to 65,535
        public let weight: Int
    }

    /// Makes the cloud. Throws if ports, marks or addresses are not sufficient for the size, or if a weight is set
    /// for an instance that does not exist.
    public init(_ size: LargeCloudSize) throws(LargeCloudError) {
        try size.check()
        self.size = size
        let pools = (0..<size.pools).map { index in
            Pool(name: "pool-\(index + 1)", addresses: size.families.map { Self.publicAddress(index, $0) })
        }
        let servers = (0..<size.servers).map { index in
            Server(
                name: "s\(padded(index + 1))", addresses: size.families.map { Self.internalAddress(index, $0) })
        }
        self.pools = pools
        self.servers = servers
        types = (0..<size.types).map { index in
            let name = "t\(padded(index + 1))"
            let instances = (0..<size.instances).map { instance in
                let instanceName = "\(name).\(instance + 1)"
                return Instance(
                    name: instanceName, server: servers[(index * size.instances + instance) % size.servers],
                    weight: size.weights[instanceName] ?? LargeCloudSize.defaultWeight)
            }
            return ServiceType(
                name: name, pool: pools[index % size.pools], exposure: Self.exposure(index, size),
                instances: instances)
        }
        let names = Set(types.lazy.flatMap(\.instances).map(\.name))
        for name in size.weights.keys.sorted() where !names.contains(name) {
            throw LargeCloudError("weight of \(name): the cloud has no such instance")
        }
    }

    /// The ports of a type. The types of a pool divide its ports among them; the first `size.marks` types use a
    /// range.
    private static func exposure(_ index: Int, _ size: LargeCloudSize) -> Exposure {
        let first = LargeCloudSize.firstPort + index / size.pools * size.ports
        if index < size.marks, let ports = PortRange(UInt16(first), UInt16(first + size.ports - 1)) {
            return .mark(LargeCloudSize.firstMark + UInt32(index), ports: ports)
        }
        let backends = 65_536 - LargeCloudSize.firstPort
        return .ports(
            (0..<size.ports).compactMap { offset in
                PortRange(UInt16(first + offset)).map { external in
                    let backend = LargeCloudSize.firstPort + (index * size.ports + offset) % backends
                    return PortMapping(external: external, backend: UInt16(backend))
                }
            })
    }

    private static func publicAddress(_ index: Int, _ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: IPAddress(ipv4: 0xC633_6401 + UInt32(index))  // 198.51.100.1
        case .ipv6: IPAddress(ipv6High: 0x2001_0DB8_0000_000F, low: 1 + UInt64(index))
        }
    }

    private static func internalAddress(_ index: Int, _ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: IPAddress(ipv4: 0x0A40_0001 + UInt32(index))  // 10.64.0.1
        case .ipv6: IPAddress(ipv6High: 0xFD00_0064_0000_0000, low: 1 + UInt64(index))
        }
    }
}

/// `7` as `0007`, so that names sort like their numbers.
private func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
