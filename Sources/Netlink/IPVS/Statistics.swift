extension IPVS {
    /// The kernel's counters since the object was added or its counters were reset, and rates per second
    /// (`IPVS_*_ATTR_STATS64`).
    public struct Traffic: Sendable, Hashable {
        /// Connections that were scheduled.
        public var connections: UInt64 = 0
        /// Packets from clients.
        public var incomingPackets: UInt64 = 0
        /// Packets to clients, as far as they pass this machine.
        public var outgoingPackets: UInt64 = 0
        public var incomingBytes: UInt64 = 0
        public var outgoingBytes: UInt64 = 0
        /// Connections per second.
        public var connectionRate: UInt64 = 0
        /// Packets from clients per second.
        public var incomingPacketRate: UInt64 = 0
        /// Packets to clients per second.
        public var outgoingPacketRate: UInt64 = 0
        /// Bytes from clients per second.
        public var incomingByteRate: UInt64 = 0
        /// Bytes to clients per second.
        public var outgoingByteRate: UInt64 = 0

        public init() {}
    }

    /// The counters of a virtual service.
    public struct ServiceStatistics: Sendable, Hashable {
        public var traffic: Traffic

        public init(traffic: Traffic = Traffic()) { self.traffic = traffic }
    }

    /// The counters of a real server.
    public struct DestinationStatistics: Sendable, Hashable {
        /// Connections in use (for TCP: established).
        public var activeConnections: UInt32
        /// Connections that have not been established yet or are over, but are not forgotten yet.
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

    /// A virtual service with its counters, as the kernel lists it.
    public struct ServiceEntry: Sendable, Hashable {
        public var service: Service
        public var statistics: ServiceStatistics

        public init(_ service: Service, _ statistics: ServiceStatistics) {
            self.service = service
            self.statistics = statistics
        }
    }

    /// A real server with its counters, as the kernel lists it.
    public struct DestinationEntry: Sendable, Hashable {
        public var destination: Destination
        public var statistics: DestinationStatistics

        public init(_ destination: Destination, _ statistics: DestinationStatistics) {
            self.destination = destination
            self.statistics = statistics
        }
    }
}
