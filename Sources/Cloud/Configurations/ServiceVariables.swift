package import CombinedConfiguration
import Names
import NetworkTypes

/// The values of variables in the configuration of one service.
package struct ServiceVariables: VariableSource {
    package let service: ServiceInstance
    package let server: Server
    package let directory: InstanceDirectory

    package func value(of variable: Variable) -> VariableLookup {
        let cloud = directory.cloud
        switch variable {
        case .appIndex:
            guard cloud.types[service.type]?.configuration.requiresIndex == true else {
                return .undefined("the type \(service.type) has no \"require-index\"")
            }
            return .value(.integer(service.index))
        case .serviceName: return .value(.text(service.name))
        case .serviceType: return .value(.text(service.type))
        case .serverName: return .value(.text(server.name))
        case .serverKind: return .value(.text(server.kind.rawValue))
        case .serverAddress:
            guard let address = server.addresses.first else {
                return .undefined("the server \(server.name) has no address")
            }
            return .value(.text(address.description))
        case .serverAddresses: return .value(.list(server.addresses.map(\.description)))
        case .locationName: return .value(.text(server.location))
        case .poolAddress(let name): return pool(name) { .text($0.first ?? "") }
        case .poolAddresses(let name): return pool(name) { .list($0) }
        case .instanceAddresses(let type): return instances(type, directory.addresses(of: type, from: server))
        case .instanceNames(let type): return instances(type, directory.names(of: type))
        case .configuration: return .undefined("it is a value of the configuration")
        }
    }

    package func secret(_ name: String) -> SecretKind? { directory.cloud.secrets[name]?.kind }

    private func pool(_ name: String, _ value: ([String]) -> VariableValue) -> VariableLookup {
        guard let pool = directory.cloud.pools[AddressPool.ID(location: server.location, name: name)],
            !pool.addresses.isEmpty
        else { return .undefined("the location \(server.location) has no pool \"\(name)\"") }
        return .value(value(pool.addresses.map(\.description)))
    }

    private func instances(_ type: String, _ value: VariableValue?) -> VariableLookup {
        value.map { .value($0) } ?? .undefined("there is no type \"\(type)\"")
    }
}
