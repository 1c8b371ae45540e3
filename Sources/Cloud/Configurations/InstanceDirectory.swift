package import CombinedConfiguration
import NetworkTypes

/// The instances of each type, for the variables of many services of one cloud. What is computed for one service is
/// kept for the next.
package final class InstanceDirectory {
    package let cloud: Cloud
    private let instances: InstancesByType
    private var addresses: [Key: VariableValue] = [:]
    private var names: [String: VariableValue] = [:]

    private struct Key: Hashable {
        package var type: String
        /// The families of the server that needs the addresses.
        var families: [AddressFamily]
    }

    init(_ cloud: Cloud, _ instances: InstancesByType) {
        self.cloud = cloud
        self.instances = instances
    }

    /// The values of the variables in the configuration of a service; `nil` if there is no such service.
    package func variables(of name: String) -> ServiceVariables? {
        guard let service = cloud.services[name], let server = cloud.servers[service.server] else { return nil }
        return ServiceVariables(service: service, server: server, directory: self)
    }

    /// The names of the instances of a type; `nil` if there is no such type.
    package func names(of type: String) -> VariableValue? {
        guard cloud.types[type] != nil else { return nil }
        if let known = names[type] { return known }
        let value = VariableValue.list(instances[type].map(\.name))
        names[type] = value
        return value
    }

    /// The address of each server that has an instance of the type; `nil` if there is no such type. An address of a
    /// family that `server` has too is preferred, then IPv4.
    package func addresses(of type: String, from server: Server) -> VariableValue? {
        guard cloud.types[type] != nil else { return nil }
        let families = AddressFamily.allCases.filter { server.address($0) != nil }
        let key = Key(type: type, families: families)
        if let known = addresses[key] { return known }
        var seen = Set<IPAddress>()
        let value = VariableValue.list(
            instances[type].compactMap { instance -> String? in
                guard let target = cloud.servers[instance.server],
                    let address = families.lazy.compactMap(target.address).first ?? target.addresses.first,
                    seen.insert(address).inserted
                else { return nil }
                return address.description
            })
        addresses[key] = value
        return value
    }
}
