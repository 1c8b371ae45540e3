import Text
import YAML

/// What `${…}` can refer to.
public enum Variable: Sendable, Hashable {
    /// The index of the service, for a type with `require-index`.
    case appIndex
    case serviceName
    case serviceType
    case serverName
    case serverKind
    /// The internal address of the service's server; IPv4 if it has both families.
    case serverAddress
    /// The internal addresses of the service's server.
    case serverAddresses
    case locationName
    /// The first address of a pool of the service's location.
    case poolAddress(String)
    /// All addresses of a pool of the service's location.
    case poolAddresses(String)
    /// The addresses at which the service's server reaches the instances of a type, without duplicates.
    case instanceAddresses(type: String)
    /// The names of the instances of a type.
    case instanceNames(type: String)
    /// A single value of the same configuration, by its path.
    case configuration(ConfigurationPath)

    /// The kind of the variable's values; `nil` if it is that of another value.
    public var kind: ValueKind? {
        switch self {
        case .appIndex: .number
        case .serviceName, .serviceType, .serverName, .serverKind, .serverAddress, .locationName, .poolAddress: .text
        case .serverAddresses, .poolAddresses, .instanceAddresses, .instanceNames: .list
        case .configuration: nil
        }
    }

    // exact: a name has ASCII letters, digits, ".", "-" and "_" only
    private static let fixed: [String: Variable] = [
        "app-index": .appIndex, "service.name": .serviceName, "service.type": .serviceType,
        "server.name": .serverName, "server.kind": .serverKind, "server.address": .serverAddress,
        "server.addresses": .serverAddresses, "location.name": .locationName,
    ]

    /// Reads a name; `nil` if there is no such variable.
    init?(_ name: String) {
        if let variable = Self.fixed[name] {
            self = variable
            return
        }
        let parts = name.splitBytes(".").map(String.init)
        guard parts.count > 1, !parts.contains(where: \.isEmpty) else { return nil }
        let rest = parts.dropFirst()
        switch parts[0] {
        case "config": self = .configuration(rest.map { ExactText($0) })
        case "location" where rest.last?.isExactly("addresses") == true && rest.count > 1:
            self = .poolAddresses(rest.dropLast().joined(separator: "."))
        case "location": self = .poolAddress(rest.joined(separator: "."))
        case "services" where parts.count == 3 && parts[2] == "addresses": self = .instanceAddresses(type: parts[1])
        case "services" where parts.count == 3 && parts[2] == "names": self = .instanceNames(type: parts[1])
        default: return nil
        }
    }

    /// The message about an unknown name.
    static func unknown(_ name: String) -> String {
        let near = nearest(to: name, among: fixed.keys.sorted()).map { "; did you mean \"${\($0)}\"?" }
        let parts = name.splitBytes(".")
        let ofType =
            parts.first?.isExactly("services") == true
            ? "; of a type there are \"${services.TYPE.addresses}\" and names" : nil
        return "there is no variable \"${\(name.prefix(80))}\"\(ofType ?? near ?? "")"
    }
}
