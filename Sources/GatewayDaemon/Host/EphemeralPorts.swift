import GatewaySync
public import NetworkTypes
public import ServicesExport

/// The ports that the machine assigns to its own connections, for IPv4 and IPv6: `rangeSysctl` without
/// `reservedSysctl`.
///
/// If the host opens a connection from a public address and a port that is exported there, the connection has the
/// same address and port as the service. This is harmless for a service with a mark, since replies to the host get no
/// mark. It is harmful for a virtual service of a single port: IPVS takes the reply for a client's packet, and no
/// rule can prevent it. The kernel never assigns reserved ports to a connection that leaves it the choice, so
/// reserving costs nothing.
public struct EphemeralPorts: Sendable, Hashable {
    static let rangeSysctl = "net.ipv4.ip_local_port_range"
    static let reservedSysctl = "net.ipv4.ip_local_reserved_ports"

    /// Ascending, without overlaps.
    public let ranges: [PortRange]

    /// Exported ports that the machine also assigns to its own connections.
    public struct Conflict: Sendable, Hashable {
        /// The section of the export.
        public let section: String
        /// The protocol of the ports.
        public let transport: TransportProtocol
        /// The public addresses of the section.
        public let addresses: [IPAddress]
        /// The section's ports that the machine assigns, ascending, without overlaps.
        public let ports: [PortRange]
        /// Whether the host's own connections lose replies to a real server. If not, the rules deliver the replies to
        /// the host.
        public let isHarmful: Bool
    }

    /// - Parameter ranges: ascending, without overlaps.
    public init(ranges: [PortRange]) { self.ranges = ranges }

    /// Reads both values as /proc/sys shows them.
    /// - Parameters:
    ///   - local: `net.ipv4.ip_local_port_range`: two ports, with white space between and around them.
    ///   - reserved: `net.ipv4.ip_local_reserved_ports`: ports and ranges, separated by commas, or nothing.
    /// - Returns: `nil` if one of them does not have this form.
    public init?(local: String, reserved: String) {
        // exact: the kernel writes ports in ASCII
        let ends = local.split(whereSeparator: \.isWhitespace).map { UInt16($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], let range = PortRange(first, last) else {
            return nil
        }
        var taken = [PortRange]()
        // exact: the kernel writes ports in ASCII
        for text in reserved.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            // 0 may be reserved as well; it is no port.
            // exact: likewise
            let text = text.hasPrefix("0-") ? "1-" + text.dropFirst(2) : String(text)
            if text == "0" { continue }
            guard let ports = PortRange(text) ?? Self.single(text) else { return nil }
            taken.append(ports)
        }
        self.init(ranges: range.subtracting(taken))
    }

    /// Parses `80-80`, which is not a canonical form of `PortRange`.
    private static func single(_ text: String) -> PortRange? {
        let ends = text.split(separator: "-").compactMap { UInt16($0) }  // exact: the kernel writes ports in ASCII
        return ends.count == 2 && ends[0] == ends[1] ? PortRange(ends[0]) : nil
    }

    /// The sections of an export whose ports the machine also assigns. Sections of destination NAT are not included:
    /// a reply to a connection of the host is not translated.
    ///
    /// Walks over the whole export, so it is called only when the export or the sysctls have changed.
    public func conflicts(with groups: some Sequence<ExportGroup>) -> [Conflict] {
        groups.compactMap { group in
            let connection = group.connection
            guard connection.method != .dnat else { return nil }
            let ports = connection.ports.flatMap { port in ranges.compactMap { $0.intersection(port) } }
            guard !ports.isEmpty else { return nil }
            return Conflict(
                section: connection.section, transport: connection.transport, addresses: connection.addresses,
                ports: ports.sorted(), isHarmful: connection.mark == nil)
        }
    }
}

extension EphemeralPorts.Conflict: CustomStringConvertible {
    /// `devices: tcp 32768-39999 of 198.51.100.37`
    public var description: String {
        "\(section): \(transport) \(ports.map(\.description).joined(separator: " ")) of "
            + addresses.map(\.description).joined(separator: " ")
    }
}

extension PortRange {
    fileprivate func intersection(_ other: Self) -> Self? {
        PortRange(Swift.max(first, other.first), Swift.min(last, other.last))
    }
}
