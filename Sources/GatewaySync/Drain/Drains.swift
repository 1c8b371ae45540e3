public import Netlink

/// Real servers that have left the export and wait, with weight 0, for their connections to end.
///
/// Stored in the state file, and never inferred from a weight in the kernel, since an operator may also set weight 0.
public struct Drains: Sendable, Hashable {
    /// Seconds that a real server stays if it receives only UDP. A flow has no end to wait for, but the answer to a
    /// datagram may still be on its way.
    static let datagramGrace = 3

    /// The drains of one virtual service.
    public struct Service: Sendable, Hashable {
        /// The latest end of each real server's wait, in seconds of the boot clock.
        public var deadlines: [IPVS.DestinationIdentity: Int]
        /// Elements of table `inet portcullis` that stay while a service that has left the export still has
        /// connections. Empty while the service is in the export.
        public var kept: Set<TableElement>

        public init(deadlines: [IPVS.DestinationIdentity: Int] = [:], kept: Set<TableElement> = []) {
            self.deadlines = deadlines
            self.kept = kept
        }
    }

    /// The virtual services of which real servers are draining.
    public var services: [IPVS.ServiceIdentity: Service]
    /// Real servers to which a port was translated and which still have connections, with the latest end of their
    /// wait, in seconds of the boot clock. No port has an empty dictionary.
    public var translations: [Conntrack.Destination: [IPVS.DestinationIdentity: Int]]

    public init(
        services: [IPVS.ServiceIdentity: Service] = [:],
        translations: [Conntrack.Destination: [IPVS.DestinationIdentity: Int]] = [:]
    ) {
        self.services = services
        self.translations = translations
    }

    /// Whether no real server is draining.
    public var isEmpty: Bool { services.isEmpty && translations.isEmpty }

    /// How many real servers are draining. A server counts once for each virtual service or port.
    public var count: Int {
        services.values.reduce(0) { $0 + $1.deadlines.count } + translations.values.reduce(0) { $0 + $1.count }
    }

    /// Every element that stays because of a drain.
    public var kept: Set<TableElement> {
        services.values.reduce(into: []) { $0.formUnion($1.kept) }
    }
}

/// The number of connections, active and inactive, of real servers that are draining.
public struct ConnectionCounts: Sendable, Hashable {
    private var counts: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: Int]]

    /// - Parameter counts: the connections of each real server, by virtual service.
    public init(_ counts: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: Int]] = [:]) { self.counts = counts }

    /// The connections of a real server; `nil` if they were not counted.
    public subscript(_ service: IPVS.ServiceIdentity, _ server: IPVS.DestinationIdentity) -> Int? {
        get { counts[service]?[server] }
        set { counts[service, default: [:]][server] = newValue }
    }
}
