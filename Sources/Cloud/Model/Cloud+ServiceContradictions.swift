import Names
import NetworkTypes
import ServicesExport
import YAML

extension Cloud {
    /// Services that cannot be on their server, and sections that cannot serve them there. Walks over all services.
    public func serviceContradictions() -> [Contradiction] {
        let byType = Dictionary(grouping: services.values, by: \.type)
        return byType.sorted { $0.key < $1.key }.flatMap { name, services -> [Contradiction] in
            let services = services.sorted { $0.index < $1.index }
            guard let type = types[name] else {
                return services.map {
                    Contradiction(
                        "the service \($0.name): there is no type \"\(name)\"", of: [.init(.service, $0.name)])
                }
            }
            return placementContradictions(services, of: type.configuration)
                + exposureContradictions(services, of: type.configuration)
        }
    }

    private func placementContradictions(
        _ services: [ServiceInstance], of type: MetaConfiguration
    ) -> [Contradiction] {
        var found = [Contradiction]()
        if type.isFake, let first = services.first {
            found.append(
                Contradiction(
                    "the service \(first.name): \(type.type) is a fake type", at: type.position,
                    of: services.map { .init(.service, $0.name) }))
        }
        if type.isUnique, services.count > 1 {
            found.append(
                Contradiction(
                    "the services \(services[0].name) and \(services[1].name): "
                        + "\(type.type) is unique in the cloud",
                    at: type.position, of: services.reversed().map { .init(.service, $0.name) }))
        }
        if type.isOnEachServer { found += sharedServerContradictions(services, of: type) }
        for service in services {
            guard let server = servers[service.server] else {
                found.append(
                    Contradiction(
                        "the service \(service.name): there is no server \"\(service.server)\"",
                        of: [.init(.service, service.name, .server)]))
                continue
            }
            if let requirements = type.requirements, !requirements.serverKinds.isEmpty,
                !requirements.serverKinds.contains(server.kind)
            {
                let kinds = requirements.serverKinds.map(\.rawValue).sorted().joined(separator: " or ")
                found.append(
                    Contradiction(
                        "the service \(service.name) needs a server of kind \(kinds); \(server.name) is "
                            + server.kind.rawValue,
                        at: requirements.position,
                        of: [.init(.service, service.name, .server), .init(.server, server.name, .kind)]))
            }
        }
        return found
    }

    /// Services of a type that has one on each server, but that share one.
    private func sharedServerContradictions(
        _ services: [ServiceInstance], of type: MetaConfiguration
    ) -> [Contradiction] {
        Dictionary(grouping: services, by: \.server).sorted { $0.key < $1.key }.filter { $0.value.count > 1 }
            .map { server, services in
                Contradiction(
                    "the services \(services[0].name) and \(services[1].name) are both on server \(server): "
                        + "\(type.type) has one on each server",
                    at: type.position, of: services.reversed().map { .init(.service, $0.name, .server) })
            }
    }

    private func exposureContradictions(_ services: [ServiceInstance], of type: MetaConfiguration) -> [Contradiction] {
        guard !type.gateway.isEmpty else { return [] }
        var found = [Contradiction]()
        var onServer = [String: ServiceInstance]()
        var locationsWithoutPool = Set<AddressPool.ID>()
        for service in services {
            guard let server = servers[service.server] else { continue }
            if service.state != .maint {
                if let other = onServer[server.name] {
                    found.append(
                        Contradiction(
                            "the services \(other.name) and \(service.name) are both on server \(server.name), where "
                                + "\(type.type)/\(type.gateway[0].name) cannot tell them apart; "
                                + "move one or put it into maint",
                            at: type.gateway[0].position,
                            of: [service, other].flatMap { instance -> [Contradiction.Subject] in
                                [.init(.service, instance.name, .server), .init(.service, instance.name, .state)]
                            }))
                } else {
                    onServer[server.name] = service
                }
            }
            for section in type.gateway {
                let poolID = AddressPool.ID(location: server.location, name: section.pool)
                guard let pool = pools[poolID] else {
                    if locationsWithoutPool.insert(poolID).inserted {
                        found.append(
                            Contradiction(
                                "\(type.type)/\(section.name) needs the address pool \"\(section.pool)\", which the "
                                    + "location \(server.location) of \(service.name) lacks",
                                at: section.position,
                                of: [
                                    .init(.service, service.name, .server), .init(.server, server.name, .location),
                                    .pool(poolID),
                                ]))
                    }
                    continue
                }
                for family in section.families(of: pool)
                where section.backendAddress(on: server, family: family) == nil {
                    found.append(
                        Contradiction(
                            "\(type.type)/\(section.name) serves \(family) on \(pool.id.name), but the server "
                                + "\(server.name) of \(service.name) has no \(family) address",
                            at: section.position,
                            of: [
                                .init(.service, service.name, .server), .init(.server, server.name, .addresses),
                                .pool(poolID, .addresses),
                            ]))
                }
            }
        }
        return found
    }
}

extension GatewaySection {
    /// The families that the section serves: those of the pool that its sources allow.
    func families(of pool: AddressPool) -> [AddressFamily] {
        pool.families.filter(serves)
    }

    /// Whether the sources allow any client of the family.
    func serves(_ family: AddressFamily) -> Bool {
        sources.isEmpty || sources.contains { $0.address.family == family }
    }

    /// The address at which a server receives connections to an address of `family`. A tunnel may use the other
    /// family.
    func backendAddress(on server: Server, family: AddressFamily) -> IPAddress? {
        server.address(family) ?? (method == .tunnel ? server.addresses.first : nil)
    }
}
