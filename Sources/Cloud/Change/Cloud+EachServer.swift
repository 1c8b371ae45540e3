import Names

/// Types with `instances: each-server`. Which servers have a service of such a type follows from the servers
/// themselves, so nobody adds, moves or removes one.
extension Cloud {
    /// Adds the services that are missing, and removes those whose server is gone or no longer has the kind and the
    /// labels that the type requires. A service that was there before comes back as it was.
    ///
    /// A server that gets one is one that `Placement` could choose. A service that cannot be served where it is (its
    /// pool is gone, or its server's address) stays, and is a contradiction as with any other type.
    ///
    /// A new one has the version that the others have (`installation(besides:)`). If none of their versions may be given, it
    /// has none and is in `maint`: the export must not have what does not run.
    ///
    /// Cost: nothing without such a type; else walks over all servers and services.
    ///
    /// - Parameter versions: what is known of versions that services of such types have, by their digests.
    package mutating func placeOnEachServer(since before: Cloud, _ versions: [String: SiblingVersion] = [:]) {
        let types = types.values.filter { $0.configuration.isOnEachServer }.map(\.configuration)
        guard !types.isEmpty else { return }
        let present = Dictionary(grouping: services.values, by: \.type)
        let former = Dictionary(grouping: before.services.values, by: \.type)
        for type in types {
            let here = present[type.type] ?? []
            let gone = here.filter { isMisplaced($0, of: type, since: before) }
            for service in gone { services[service.name] = nil }
            let others = here.filter { services[$0.name] != nil }
            place(type, beside: others, former: former[type.type] ?? [], versions)
        }
    }

    /// Throws `ChangeError.invalid` with the place `pointer` if the type has a service on each server.
    package func requireChosenServers(_ type: String, at pointer: String) throws {
        guard types[type]?.configuration.isOnEachServer == true else { return }
        throw ChangeError.invalid([.init(place: .text(pointer), detail: Self.isOnEachServer(type))])
    }

    /// Throws `ChangeError.inUse` if the type has a service on each server.
    package func requireRemovable(_ service: ServiceInstance) throws {
        guard types[service.type]?.configuration.isOnEachServer == true else { return }
        throw ChangeError.inUse("service \(service.name) stays: \(Self.isOnEachServer(service.type))")
    }

    private static func isOnEachServer(_ type: String) -> String {
        "\(type) has a service on each server that meets its `requires` (instances: each-server)"
    }

    /// Whether the service was there before and its server cannot have it any more. One that is new was named by
    /// somebody, who gets an error.
    private func isMisplaced(_ service: ServiceInstance, of type: MetaConfiguration, since before: Cloud) -> Bool {
        guard before.services[service.name]?.server == service.server else { return false }
        guard let server = servers[service.server] else { return true }
        guard let requirements = type.requirements else { return false }
        return !(requirements.serverKinds.isEmpty || requirements.serverKinds.contains(server.kind))
            || !requirements.labels.allSatisfy(server.labels.contains)
    }

    private mutating func place(
        _ type: MetaConfiguration, beside present: [ServiceInstance], former: [ServiceInstance],
        _ versions: [String: SiblingVersion]
    ) {
        let occupied = Set(present.lazy.map(\.server))
        let wanting = servers.values.filter { !occupied.contains($0.name) && reason(against: $0, for: type) == nil }
            .sorted { $0.name < $1.name }
        guard !wanting.isEmpty else { return }
        var taken = purgedIndexes(of: type.type).union(present.lazy.map(\.index))
        let formerByServer = Dictionary(
            former.map { ($0.server, $0) }, uniquingKeysWith: { $0.index < $1.index ? $0 : $1 })
        var isNew = [String]()
        for server in wanting {
            if let service = formerByServer[server.name], taken.insert(service.index).inserted {
                services[service.name] = service
            } else {
                isNew.append(server.name)
            }
        }
        let wanted = installation(besides: present, versions)
        var index = 0
        for server in isNew {
            repeat { index += 1 } while !taken.insert(index).inserted
            var service = ServiceInstance(type: type.type, index: index, server: server)
            switch wanted {
            case .none: break
            case .version(let installation): service.installation = installation
            case .refused: service.state = .maint
            }
            services[service.name] = service
        }
    }
}
