import Names
import NetworkTypes
import ServicesExport

/// Consequences of a change that are allowed but worth knowing.
extension Cloud {
    /// Cost: examines each pool, server and section, and each service that changed; all pools for each gateway, if any
    /// pool or server changed.
    package func warnings(about difference: CloudDifference, since before: Cloud) -> [Contradiction] {
        let changedTypes = changedTypes(since: before)
        // Pools of the same name are represented by that of the first location.
        func first(_ pools: some Sequence<AddressPool.ID>) -> [String: AddressPool.ID] {
            Dictionary(pools.map { ($0.name, $0) }, uniquingKeysWith: min)
        }
        let firstPools = first(pools.keys)
        let firstChangedPools = first(pools.lazy.filter { before.pools[$0.key] != $0.value }.map(\.key))
        var found = [Contradiction]()
        for type in types.values.sorted(by: { $0.name < $1.name }) where !type.configuration.gateway.isEmpty {
            let isChanged = changedTypes.contains(type.name)
            for section in type.configuration.gateway {
                if isChanged { found += section.drainWarnings(of: type.name) }
                if let pool = (isChanged ? firstPools : firstChangedPools)[section.pool] {
                    found += section.ephemeralPortWarning(of: type.name, on: pool)
                }
            }
        }
        return found + healthWarnings(about: difference, changedTypes: changedTypes)
            + egressWarnings(since: before, changedTypes: changedTypes) + cutWarnings(about: difference, since: before)
            + gatewayAddressWarnings(since: before) + rolloutWarnings(since: before)
            + siblingWarnings(since: before)
    }

    /// Public addresses that are a gateway's own, of pools or gateways that change. On an address that is served, the
    /// gateway's table drops whatever no section admits. Gateways of another location do not serve the pool.
    private func gatewayAddressWarnings(since before: Cloud) -> [Contradiction] {
        let changedPools = Set(pools.lazy.filter { before.pools[$0.key] != $0.value }.map(\.key))
        let changedServers = Set(servers.lazy.filter { before.servers[$0.key] != $0.value }.map(\.key))
        guard !changedPools.isEmpty || !changedServers.isEmpty else { return [] }
        let gateways = servers.values.filter { $0.kind == .gateway }.sorted { $0.name < $1.name }
        return gateways.flatMap { gateway in
            pools.values.filter { $0.id.location == gateway.location }.sorted { $0.id < $1.id }
                .filter { changedPools.contains($0.id) || changedServers.contains(gateway.name) }
                .flatMap { pool in
                    gateway.addresses.filter { pool.addresses.contains($0) }.map { address in
                        Contradiction(
                            "the pool \(pool.id.name) of location \(pool.id.location) has \(address), which is the gateway "
                                + "\(gateway.name)'s own: once a section is served there, everything but its ports is "
                                + "closed on that address, ssh too; give the pool an address that is used for nothing else",
                            of: [.pool(pool.id, .address(address)), .init(.server, gateway.name, .address(address))])
                    }
                }
        }
    }

    /// Instances that are drained or removed although their connections are cut instead.
    private func cutWarnings(about difference: CloudDifference, since before: Cloud) -> [Contradiction] {
        servicesThatMayBeCut(by: difference, since: before).flatMap { name -> [Contradiction] in
            guard var old = before.services[name], let type = types[old.type] else { return [] }
            var new = services[name]
            old.state = before.effectiveState(of: old).state
            if let present = new { new?.state = effectiveState(of: present).state }
            return type.configuration.gateway.filter { $0.method != .dnat && $0.scheduler == .dh }
                .filter { section in
                    guard section.takesConnections(old) else { return false }
                    return new.map { $0.server != old.server || !section.takesConnections($0) } ?? true
                }
                .map { section in
                    Contradiction(
                        "\(type.name)/\(section.name) is scheduled by dh, which cannot drain: the gateways remove \(old.name) at "
                            + "once, and its connections are cut",
                        of: [.init(.service, old.name, .state), .init(.server, old.server, .state)])
                }
        }
    }

    /// The services that change, and those of servers whose state changes. Walks over all services in the latter case.
    private func servicesThatMayBeCut(by difference: CloudDifference, since before: Cloud) -> [String] {
        let names = difference.changes.filter { $0.kind == .service }.map(\.name)
        let changed = difference.changes.filter { $0.kind == .server }.map(\.name)
            .filter { before.servers[$0]?.state != servers[$0]?.state }
        guard !changed.isEmpty else { return names }
        return Set(names).union(services.values.lazy.filter { changed.contains($0.server) }.map(\.name)).sorted()
    }
}

extension GatewaySection {
    /// The ports that Linux assigns to a machine's own connections by default (`net.ipv4.ip_local_port_range`).
    static let ephemeralPorts = PortRange(32_768, 60_999)

    fileprivate func takesConnections(_ service: ServiceInstance) -> Bool {
        service.state == .ready && weight(of: service) > 0
    }

    /// What draining an instance of this section does not do.
    fileprivate func drainWarnings(of type: String) -> [Contradiction] {
        var found = [Contradiction]()
        if scheduler == .dh, method != .dnat {
            found.append(
                Contradiction(
                    "\(type)/\(name) is scheduled by dh, which cannot drain: an instance that is drained or leaves is removed at "
                        + "once, and its connections are cut; sh and mh can", at: position))
        }
        guard sharesDatagrams, !separatesDatagrams, case .mark(let fwm) = exposure else { return found }
        let others = fwm.protocols.filter { $0 != .udp }.map(\.description).joined(separator: " and ")
        let reason =
            persistence > 0
            ? "with persistence UDP is one virtual service with \(others)"
            : "UDP shares the mark \(fwm.mark.map(String.init) ?? "") with \(others); udp-mark would give it its own"
        found.append(
            Contradiction(
                "\(type)/\(name): \(reason), so an instance that is drained or leaves keeps UDP clients that go on sending for "
                    + "the whole drain time, reachable or not", at: position))
        return found
    }

    /// Warns of ports that a gateway may also assign to its own connections.
    fileprivate func ephemeralPortWarning(of type: String, on pool: AddressPool.ID) -> [Contradiction] {
        guard let ephemeral = Self.ephemeralPorts else { return [] }
        let met = publicPorts.compactMap { ports in
            ports.overlaps(ephemeral)
                ? PortRange(max(ports.first, ephemeral.first), min(ports.last, ephemeral.last)) : nil
        }
        guard !met.isEmpty else { return [] }
        let list = met.map(\.description).joined(separator: ",")
        // If nearly all of them were reserved, the gateway would have no ports for its own connections.
        let isMost = met.reduce(0) { $0 + $1.count } > ephemeral.count - 1_024
        let remedy =
            isMost
            ? "move that range away from them at each gateway"
            : "add them to net.ipv4.ip_local_reserved_ports at each gateway (\(list)), or move that range"
        return [
            Contradiction(
                "\(type)/\(name) takes ports \(list) of \(pool.name), which a gateway's kernel by default gives to its own connections, too "
                    + "(net.ipv4.ip_local_port_range, \(ephemeral)): \(remedy)",
                at: position, of: [.pool(pool, .addresses)])
        ]
    }
}
