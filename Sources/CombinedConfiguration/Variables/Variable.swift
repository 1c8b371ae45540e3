import Text
import YAML

/// What `${…}` can stand for.
public enum Variable: Sendable, Hashable {
    /// The index of the service, of a type with `require-index`.
    case appIndex
    case serviceName
    case serviceType
    case serverName
    case serverKind
    /// The internal address of the service's server, the IPv4 one where it has both.
    case serverAddress
    /// The internal addresses of the service's server.
    case serverAddresses
    case locationName
    /// The first address of a pool of the service's location.
    case poolAddress(String)
    /// All addresses of a pool of the service's location.
    case poolAddresses(String)
    /// Where the instances of a type are reached from the service's server, each address once.
    case instanceAddresses(type: String)
    /// The names of the instances of a type.
    case instanceNames(type: String)
    /// A single value of the same configuration, by its keys.
    case configuration(ConfigurationPath)

    /// The kind of its values; `nil` for one that has the kind of another value.
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

    /// Reads a name; `nil` when there is no such variable.
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

    /// What to say of a name that is none.
    static func unknown(_ name: String) -> String {
        let near = nearest(to: name, among: fixed.keys.sorted()).map { "; did you mean \"${\($0)}\"?" }
        let parts = name.splitBytes(".")
        let ofType =
            parts.first?.isExactly("services") == true
            ? "; of a type there are \"${services.TYPE.addresses}\" and names" : nil
        return "there is no variable \"${\(name.prefix(80))}\"\(ofType ?? near ?? "")"
    }
}
