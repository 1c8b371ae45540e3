extension IPVS {
    /// What the kernel has counted since the thing was added or zeroed, and its rates per second
    /// (`IPVS_*_ATTR_STATS64`).
    public struct Traffic: Sendable, Hashable {
        public var connections: UInt64 = 0
        public var incomingPackets: UInt64 = 0
        public var outgoingPackets: UInt64 = 0
        public var incomingBytes: UInt64 = 0
        public var outgoingBytes: UInt64 = 0
        public var connectionRate: UInt64 = 0
        public var incomingPacketRate: UInt64 = 0
        public var outgoingPacketRate: UInt64 = 0
        public var incomingByteRate: UInt64 = 0
        public var outgoingByteRate: UInt64 = 0

        public init() {}
    }

    public struct ServiceStatistics: Sendable, Hashable {
        public var traffic: Traffic

        public init(traffic: Traffic = Traffic()) { self.traffic = traffic }
    }

    public struct DestinationStatistics: Sendable, Hashable {
        /// Connections being served (for TCP: established).
        public var activeConnections: UInt32
        public var inactiveConnections: UInt32
        /// Persistence templates.
        public var persistentConnections: UInt32
        public var traffic: Traffic

        public init(
            activeConnections: UInt32 = 0, inactiveConnections: UInt32 = 0, persistentConnections: UInt32 = 0,
            traffic: Traffic = Traffic()
        ) {
            self.activeConnections = activeConnections
            self.inactiveConnections = inactiveConnections
            self.persistentConnections = persistentConnections
            self.traffic = traffic
        }
    }

    /// A virtual service as the kernel lists it.
    public struct ServiceEntry: Sendable, Hashable {
        public var service: Service
        public var statistics: ServiceStatistics

        public init(_ service: Service, _ statistics: ServiceStatistics) {
            self.service = service
            self.statistics = statistics
        }
    }

    /// A real server as the kernel lists it.
    public struct DestinationEntry: Sendable, Hashable {
        public var destination: Destination
        public var statistics: DestinationStatistics

        public init(_ destination: Destination, _ statistics: DestinationStatistics) {
            self.destination = destination
            self.statistics = statistics
        }
    }
}
