import GatewaySync
public import NetworkTypes
public import ServicesExport

/// The ports that the machine gives to its own connections, IPv4's and IPv6's alike: `rangeSysctl` without
/// `reservedSysctl`.
///
/// A connection of the host from a public address and a port that is exported there has the same address and port as
/// the service. By a mark that is no harm: replies to the host get none. A virtual service of the port alone is harm:
/// IPVS takes the reply for a client's packet, and no rule can keep it. Reserved ports are given to no connection that
/// leaves the choice to the kernel, and cost nothing.
public struct EphemeralPorts: Sendable, Hashable {
    static let rangeSysctl = "net.ipv4.ip_local_port_range"
    static let reservedSysctl = "net.ipv4.ip_local_reserved_ports"

    /// Ascending, without overlaps.
    public let ranges: [PortRange]

    /// Exported ports that the machine also gives to its own connections.
    public struct Conflict: Sendable, Hashable {
        public let section: String
        public let transport: TransportProtocol
        public let addresses: [IPAddress]
        /// The part of the section's ports that is given out; ascending, without overlaps.
        public let ports: [PortRange]
        /// Whether the host's own connections lose their replies to a real server; else the rules keep them.
        public let isHarmful: Bool
    }

    public init(ranges: [PortRange]) { self.ranges = ranges }

    /// Reads both values as /proc/sys shows them.
    /// - Parameters:
    ///   - local: `net.ipv4.ip_local_port_range`: two ports, with white space between and around them.
    ///   - reserved: `net.ipv4.ip_local_reserved_ports`: ports and ranges by commas, or nothing.
    /// - Returns: `nil` when one of them is not of this form.
    public init?(local: String, reserved: String) {
        let ends = local.split(whereSeparator: \.isWhitespace).map { UInt16($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], let range = PortRange(first, last) else {
            return nil
        }
        var taken = [PortRange]()
        for text in reserved.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            // 0 may be reserved as well, and is nobody's.
            let text = text.hasPrefix("0-") ? "1-" + text.dropFirst(2) : String(text)
            if text == "0" { continue }
            guard let ports = PortRange(text) ?? Self.single(text) else { return nil }
            taken.append(ports)
        }
        self.init(ranges: range.subtracting(taken))
    }

    /// `80-80`, which is no canonical text of ours.
    private static func single(_ text: String) -> PortRange? {
        let ends = text.split(separator: "-").compactMap { UInt16($0) }
        return ends.count == 2 && ends[0] == ends[1] ? PortRange(ends[0]) : nil
    }

    /// The sections of an export whose ports are also given out here. Sections of destination NAT are none: the reply
    /// to a connection of the host is not translated.
    ///
    /// Walks the whole export: for when it, or the settings, have changed.
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
