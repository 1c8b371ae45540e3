import CombinedConfiguration
import Text

extension Cloud {
    // MARK: What must exist

    /// The location. Throws `ChangeError.missing` if there is none.
    package func location(_ name: String) throws -> Location {
        guard let location = locations[name] else { throw ChangeError.missing("location \(name.shownName())") }
        return location
    }

    /// Throws for a missing location first, since the pool may be missing because of it.
    package func pool(_ id: AddressPool.ID) throws -> AddressPool {
        _ = try location(id.location)
        guard let pool = pools[id] else {
            throw ChangeError.missing("pool \(id.name.shownName()) at location \(id.location)")
        }
        return pool
    }

    /// Throws for a missing location first, since the rule may be missing because of it.
    package func egress(_ id: Egress.ID) throws -> Egress {
        _ = try location(id.location)
        guard let egress = egress[id] else {
            throw ChangeError.missing("egress rule \(id.name.shownName()) at location \(id.location)")
        }
        return egress
    }

    /// The server. Throws `ChangeError.missing` if there is none.
    package func server(_ name: String) throws -> Server {
        guard let server = servers[name] else { throw ChangeError.missing("server \(name.shownName())") }
        return server
    }

    /// The service. Throws `ChangeError.missing` if there is none.
    package func service(_ name: String) throws -> ServiceInstance {
        guard let service = services[name] else { throw ChangeError.missing("service \(name.shownName())") }
        return service
    }

    // MARK: What a value refers to

    /// Throws `ChangeError.invalid` with the place `pointer` if there is no such location.
    package func requireLocation(_ name: String, at pointer: String) throws {
        guard locations[name] != nil else {
            throw ChangeError.invalid([
                .init(place: .text(pointer), detail: "there is no location \"\(name.shownName())\"")
            ])
        }
    }

    /// Throws `ChangeError.invalid` with the place `pointer` if there is no such server.
    package func requireServer(_ name: String, at pointer: String) throws {
        guard servers[name] != nil else {
            throw ChangeError.invalid([
                .init(place: .text(pointer), detail: "there is no server \"\(name.shownName())\"")
            ])
        }
    }

    /// Throws `ChangeError.invalid` with the place `pointer` if there is no such type.
    package func requireType(_ name: String, at pointer: String) throws {
        guard types[name] != nil else {
            throw ChangeError.invalid([.init(place: .text(pointer), detail: "there is no type \"\(name.shownName())\"")]
            )
        }
    }

    /// The lowest index, from 1, that no service of the type has, and that no server is still to purge. Walks over all
    /// services.
    package func freeIndex(of type: String) -> Int {
        let taken = purgedIndexes(of: type).union(services.values.lazy.filter { $0.type == type }.map(\.index))
        var index = 1
        while taken.contains(index) { index += 1 }
        return index
    }

    // MARK: States

    /// Puts a server into the cloud.
    /// - Parameter keepingState: whether a server of the name keeps its state and the end of it.
    package mutating func put(_ server: Server, keepingState: Bool) {
        var server = server
        if keepingState, let present = servers[server.name] {
            (server.state, server.until) = (present.state, present.until)
        }
        servers[server.name] = server
    }

    // MARK: Deletions that others may forbid

    /// Deletes a location. Throws `ChangeError` if it is missing, or has pools, egress rules or servers. Walks over all
    /// of these.
    package mutating func deleteLocation(_ name: String) throws {
        _ = try location(name)
        let users =
            pools.keys.filter { $0.location == name }.map { "pool \($0.name)" }.sorted()
            + egress.keys.filter { $0.location == name }.map { "egress rule \($0.name)" }.sorted()
            + servers.values.filter { $0.location == name }.map { "server \($0.name)" }.sorted()
        try Self.requireUnused("location \(name)", users)
        locations[name] = nil
    }

    /// Deletes a server. Throws `ChangeError` if it is missing, or has services other than those of types that have
    /// one on each server. Walks over all services.
    package mutating func deleteServer(_ name: String) throws {
        _ = try server(name)
        try Self.requireUnused(
            "server \(name)",
            services.values.filter { $0.server == name && types[$0.type]?.configuration.isOnEachServer != true }
                .map { "service \($0.name)" }.sorted())
        servers[name] = nil
    }

    /// Deletes a type. Throws `ChangeError` if it is missing, has services, or a rollout is at work on it. Walks over all
    /// services.
    package mutating func deleteType(_ name: String) throws {
        guard types[name] != nil else { throw ChangeError.missing("type \(name.shownName())") }
        if let rollout = openRollouts.first(where: { $0.type == name }) { throw rollout.isInTheWay(of: "type \(name)") }
        try Self.requireUnused(
            "type \(name)", services.values.filter { $0.type == name }.map { "service \($0.name)" }.sorted())
        types[name] = nil
    }

    /// Releases a mark, whose section must be gone.
    package mutating func releaseMark(_ name: String) throws {
        guard let id = marks.first(where: { "\($0.value)" == name })?.key else {
            throw ChangeError.missing("firewall mark \(name.shownName())")
        }
        try Self.requireUnused("firewall mark \(name)", markedSections.contains(id) ? ["section \(id)"] : [])
        marks[id] = nil
    }

    /// Deletes a secret. Throws `ChangeError` if it is missing, or if a type uses it. Walks over the blocks of all
    /// types.
    package mutating func deleteSecret(_ name: String) throws {
        guard secrets[name] != nil else { throw ChangeError.missing("secret \(name.shownName())") }
        let users = types.values.filter { type in
            type.configuration.config.contains { $0.block.values.secrets.contains(name) }
        }
        try Self.requireUnused("secret \(name)", users.map { "type \($0.name)" }.sorted())
        secrets[name] = nil
    }

    private static func requireUnused(_ what: String, _ users: [String]) throws {
        guard !users.isEmpty else { return }
        let rest = users.count > 3 ? " and \(users.count - 3) more" : ""
        throw ChangeError.inUse("\(what) still has \(users.prefix(3).joined(separator: ", "))\(rest)")
    }
}
