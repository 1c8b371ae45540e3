import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport

/// The traffic that the gateway serves: the export in force, and the gateway's role.
struct ServedTraffic: Sendable {
    let groups: [ExportGroup]
    let role: GatewayRole
    /// The kernel's settings that the data plane depends on.
    var requirements: [SettingRequirement] = []
    /// ADMIN's addresses, as far as `admin-url` has addresses and not names.
    var adminAddresses: [IPAddress] = []

    init(_ groups: [ExportGroup], role: GatewayRole = .active) {
        self.groups = groups
        self.role = role
    }

    /// Public addresses, ascending.
    var publicAddresses: [IPAddress] { Set(groups.flatMap(\.connection.addresses)).sorted() }

    /// Real servers with their forwarding methods, ascending, without duplicates.
    var servers: [(address: IPAddress, method: ForwardingMethod)] {
        var seen = Set<[String]>()
        return groups.flatMap { group in group.servers.map { ($0.address, group.connection.method) } }
            .filter { seen.insert(["\($0.0)", $0.1.rawValue]).inserted }
            .sorted { $0.0 < $1.0 }
            .map { (address: $0.0, method: $0.1) }
    }

    /// The families whose servers' answers return through this machine.
    var maskedFamilies: Set<AddressFamily> {
        Set(groups.filter { $0.connection.method.comesBackHere }.flatMap { $0.servers.map(\.address.family) })
    }

    /// What the export asks of the machine.
    var desired: DesiredState { groups.reduce(into: DesiredState()) { _ = $0.apply(ExportChanges(added: [$1])) } }
}

extension ForwardingMethod {
    /// Whether the real server's answers return through the gateway.
    var comesBackHere: Bool { self == .masq || self == .dnat }
}
