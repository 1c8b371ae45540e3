package import NetworkTypes

extension Cloud {
    /// The public addresses at which a location serves a port of a type over TCP, ascending. Cost: linear in the type's
    /// sections and their addresses.
    package func publicAddresses(of type: String, port: UInt16, at location: String) -> [IPAddress] {
        let sections = types[type]?.configuration.gateway ?? []
        let served = sections.filter { section in
            section.protocols.contains(.tcp) && section.publicPorts.contains { $0.contains(port) }
        }
        return Set(
            served.flatMap { section in
                let pool = pools[AddressPool.ID(location: location, name: section.pool)]
                return pool?.addresses.filter { section.serves($0.family) } ?? []
            }
        ).sorted()
    }
}
