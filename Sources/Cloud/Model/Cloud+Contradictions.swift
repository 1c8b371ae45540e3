import NetworkTypes
import ServicesExport
import YAML

extension Cloud {
    /// All contradictions in the cloud; empty if every location can be exported.
    ///
    /// Marks must have been allocated (`allocatingMarks()`). Cost: walks over the whole cloud, and sorts the claimed
    /// ports.
    ///
    /// - Parameter types: the types that are being changed. Of two sections, one of these types is named first, with
    ///   its place.
    public func contradictions(blaming types: Set<String> = []) -> [Contradiction] {
        poolContradictions() + egressContradictions() + serverContradictions() + claimContradictions(blaming: types)
            + markContradictions(blaming: types) + serviceContradictions() + sorryContradictions()
            + hairpinContradictions() + sizeContradictions() + installationContradictions()
    }

    /// Marks that are used twice, and sections that need a mark but have none.
    public func markContradictions(blaming types: Set<String> = []) -> [Contradiction] {
        var owners = [UInt32: (id: MarkID, position: YAMLPosition)]()
        var found = [Contradiction]()
        // Types that are being changed come last, so that they are blamed for conflicts with others.
        let inOrder = self.types.values.sorted { a, b in
            let blamed = (types.contains(a.name), types.contains(b.name))
            return blamed.0 != blamed.1 ? blamed.1 : a.name < b.name
        }
        for type in inOrder {
            for wish in type.configuration.gateway.flatMap({ $0.markWishes(of: type.name) }) {
                let (id, position) = (wish.id, wish.position)
                guard let mark = wish.mark ?? marks[id] else {
                    found.append(Contradiction("\(id) has no firewall mark", at: position))
                    continue
                }
                if let owner = owners[mark] {
                    found.append(
                        Contradiction(
                            "\(id) uses the firewall mark \(mark), which \(owner.id) uses (\(owner.position))",
                            at: position))
                } else {
                    owners[mark] = (id, position)
                }
            }
        }
        return found
    }

    /// Pools without a location, and pools with addresses that no client can reach.
    public func poolContradictions() -> [Contradiction] {
        pools.values.sorted { $0.id < $1.id }.flatMap { pool -> [Contradiction] in
            let name = "the pool \(pool.id.name) of location \(pool.id.location)"
            var found = [Contradiction]()
            if locations[pool.id.location] == nil {
                found.append(
                    Contradiction(
                        "\(name): there is no location \"\(pool.id.location)\"", of: [.pool(pool.id, .location)]))
            }
            if pool.addresses.isEmpty {
                found.append(Contradiction("\(name) has no address", of: [.pool(pool.id, .addresses)]))
            }
            for address in pool.addresses {
                if let reason = address.unusableReason {
                    found.append(
                        Contradiction(
                            "\(name) has \(address), which is \(reason)", of: [.pool(pool.id, .address(address))]))
                }
            }
            return found
        }
    }

    /// Servers without a location, addresses that no server can have, and addresses of two servers.
    public func serverContradictions() -> [Contradiction] {
        var owners = [IPAddress: String]()
        return servers.values.sorted { $0.name < $1.name }.flatMap { server -> [Contradiction] in
            var found = [Contradiction]()
            if locations[server.location] == nil {
                found.append(
                    Contradiction(
                        "the server \(server.name): there is no location \"\(server.location)\"",
                        of: [.init(.server, server.name, .location)]))
            }
            if server.addresses.isEmpty {
                found.append(
                    Contradiction(
                        "the server \(server.name) has no address", of: [.init(.server, server.name, .addresses)]))
            }
            for family in AddressFamily.allCases where server.addresses.count(where: { $0.family == family }) > 1 {
                found.append(
                    Contradiction(
                        "the server \(server.name) has more than one \(family) address",
                        of: [.init(.server, server.name, .addresses)]))
            }
            for address in server.addresses {
                if let reason = address.unusableReason {
                    found.append(
                        Contradiction(
                            "the server \(server.name) has the address \(address), which is \(reason)",
                            of: [.init(.server, server.name, .address(address))]))
                }
                if let owner = owners[address] {
                    found.append(
                        Contradiction(
                            "the servers \(owner) and \(server.name) have the same address \(address)",
                            of: [server.name, owner].map { .init(.server, $0, .address(address)) }))
                } else {
                    owners[address] = server.name
                }
            }
            return found
        }
    }
}
