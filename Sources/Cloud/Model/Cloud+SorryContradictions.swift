import NetworkTypes
import ServicesExport

extension Cloud {
    /// Sorry servers that no gateway could send to, or that are real servers of their own section.
    ///
    /// A public address is local on the gateways. Two destinations of one virtual service cannot be the same. Cost:
    /// walks over all pools and services if a section has a sorry server, and over the sections otherwise.
    public func sorryContradictions() -> [Contradiction] {
        let sections = types.values.sorted { $0.name < $1.name }.flatMap { type in
            type.configuration.gateway.filter { !$0.options.sorry.isEmpty }.map { (type: type.name, section: $0) }
        }
        guard !sections.isEmpty else { return [] }
        let poolsOfLocation = Dictionary(grouping: pools.values, by: \.id.location)
        return sections.flatMap { type, section in
            section.options.sorry.flatMap { sorry in
                publicContradictions(sorry, of: section, type, poolsOfLocation)
                    + serverContradictions(sorry, of: section, type)
            }
        }
    }

    private func publicContradictions(
        _ sorry: SorryServer, of section: GatewaySection, _ type: String, _ poolsOfLocation: [String: [AddressPool]]
    ) -> [Contradiction] {
        poolsOfLocation.sorted { $0.key < $1.key }.flatMap { location, pools -> [Contradiction] in
            guard pools.contains(where: { $0.id.name == section.pool }) else { return [] }
            return pools.filter { $0.addresses.contains(sorry.address) }.sorted { $0.id < $1.id }.map { pool in
                Contradiction(
                    "the sorry server \(sorry) of \(type)/\(section.name) is a public address (pool \(pool.id.name) of "
                        + "location \(location)): a gateway that has it cannot send anything there",
                    at: section.position, of: [.pool(pool.id, .address(sorry.address))])
            }
        }
    }

    private func serverContradictions(
        _ sorry: SorryServer, of section: GatewaySection, _ type: String
    ) -> [Contradiction] {
        guard section.hasInstances(at: sorry.port) else { return [] }
        return services.values.filter { $0.type == type }.sorted { $0.index < $1.index }.compactMap { service in
            guard let server = servers[service.server], server.addresses.contains(sorry.address) else { return nil }
            return Contradiction(
                "the sorry server \(sorry) of \(type)/\(section.name) is \(service.name) itself, on the server "
                    + "\(server.name): it is for when no instance takes connections",
                at: section.position,
                of: [
                    .init(.service, service.name, .server), .init(.server, server.name, .address(sorry.address)),
                ])
        }
    }
}

extension GatewaySection {
    /// Whether instances take connections at the port; 0: at the port of whichever it is.
    fileprivate func hasInstances(at port: UInt16) -> Bool {
        switch exposure {
        case .mark: true
        case .ports(let mappings, _): port == 0 || mappings.contains { $0.internalPort == port }
        }
    }
}
