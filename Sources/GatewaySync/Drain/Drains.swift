public import Netlink

/// Real servers that have left the export and wait, with weight 0, for their connections to end.
///
/// Kept in the state file and never inferred from a weight found in the kernel: weight 0 is also what an operator sets.
public struct Drains: Sendable, Hashable {
    /// Seconds that a real server which only UDP comes to stays: a flow has no end to wait for, but a datagram may be
    /// about to be answered.
    static let datagramGrace = 3

    public struct Service: Sendable, Hashable {
        /// When the wait is over at the latest, in seconds of the boot clock.
        public var deadlines: [IPVS.DestinationIdentity: Int]
        /// Elements of our table that stay while a service that has left as a whole still has connections. Empty
        /// while the service itself is in the export.
        public var kept: Set<TableElement>

        public init(deadlines: [IPVS.DestinationIdentity: Int] = [:], kept: Set<TableElement> = []) {
            self.deadlines = deadlines
            self.kept = kept
        }
    }

    public var services: [IPVS.ServiceIdentity: Service]
    /// When the wait is over at the latest for real servers that a port was translated to, which their connections
    /// still follow. Never empty for a port.
    public var translations: [Conntrack.Destination: [IPVS.DestinationIdentity: Int]]

    public init(
        services: [IPVS.ServiceIdentity: Service] = [:],
        translations: [Conntrack.Destination: [IPVS.DestinationIdentity: Int]] = [:]
    ) {
        self.services = services
        self.translations = translations
    }

    public var isEmpty: Bool { services.isEmpty && translations.isEmpty }

    /// How many real servers wait.
    public var count: Int {
        services.values.reduce(0) { $0 + $1.deadlines.count } + translations.values.reduce(0) { $0 + $1.count }
    }

    /// Every element that stays on account of a drain.
    public var kept: Set<TableElement> {
        services.values.reduce(into: []) { $0.formUnion($1.kept) }
    }
}

/// Connections, active and inactive, that real servers in a drain still have.
public struct ConnectionCounts: Sendable, Hashable {
    private var counts: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: Int]]

    public init(_ counts: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: Int]] = [:]) { self.counts = counts }

    /// `nil` when nobody has counted.
    public subscript(_ service: IPVS.ServiceIdentity, _ server: IPVS.DestinationIdentity) -> Int? {
        get { counts[service]?[server] }
        set { counts[service, default: [:]][server] = newValue }
    }
}
