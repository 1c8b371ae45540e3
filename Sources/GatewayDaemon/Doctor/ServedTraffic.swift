import Netlink
import NetworkTypes
import ServicesExport

/// What the gateway is there to carry: the export in force, and the part it plays.
struct ServedTraffic: Sendable {
    let groups: [ExportGroup]
    let role: GatewayRole
    /// Settings of the kernel that the data plane depends on.
    var requirements: [SettingRequirement] = []
    /// Where ADMIN is, as far as `admin-url` names addresses.
    var adminAddresses: [IPAddress] = []

    init(_ groups: [ExportGroup], role: GatewayRole = .active) {
        self.groups = groups
        self.role = role
    }

    /// Public addresses, ascending.
    var publicAddresses: [IPAddress] { Set(groups.flatMap(\.connection.addresses)).sorted() }

    /// Real servers with the method they are reached by, ascending; each once.
    var servers: [(address: IPAddress, method: ForwardingMethod)] {
        var seen = Set<[String]>()
        return groups.flatMap { group in group.servers.map { ($0.address, group.connection.method) } }
            .filter { seen.insert(["\($0.0)", $0.1.rawValue]).inserted }
            .sorted { $0.0 < $1.0 }
            .map { (address: $0.0, method: $0.1) }
    }

    /// Families that are answered by way of this machine.
    var maskedFamilies: Set<AddressFamily> {
        Set(groups.filter { $0.connection.method.comesBackHere }.flatMap { $0.servers.map(\.address.family) })
    }
}

extension ForwardingMethod {
    /// Whether the real server's answers come back through the gateway.
    var comesBackHere: Bool { self == .masq || self == .dnat }
}
