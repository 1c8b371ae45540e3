import NetworkTypes

extension Cloud {
    /// Networks of hairpin that have a public address of a location that serves the section: they are not inside, and the
    /// servers would see the gateway instead of the clients there. Cost: walks over all pools if a section has hairpin, and
    /// over the sections otherwise.
    public func hairpinContradictions() -> [Contradiction] {
        let sections = types.values.sorted { $0.name < $1.name }.flatMap { type in
            type.configuration.gateway.filter { !$0.options.hairpin.isEmpty }.map { (type: type.name, section: $0) }
        }
        guard !sections.isEmpty else { return [] }
        let poolsOfLocation = Dictionary(grouping: pools.values, by: \.id.location).sorted { $0.key < $1.key }
        return sections.flatMap { type, section in
            poolsOfLocation.flatMap { location, pools -> [Contradiction] in
                guard pools.contains(where: { $0.id.name == section.pool }) else { return [] }
                return section.options.hairpin.compactMap { network in
                    contradiction(of: network, in: pools.sorted { $0.id < $1.id }, "\(type)/\(section.name)", section)
                }
            }
        }
    }

    /// Names the first public address that the network has.
    private func contradiction(
        of network: AddressPrefix, in pools: [AddressPool], _ name: String, _ section: GatewaySection
    ) -> Contradiction? {
        for pool in pools {
            guard let address = pool.addresses.first(where: network.contains) else { continue }
            return Contradiction(
                "hairpin of \(name) is for inside networks; \(network) has the public address \(address) (pool "
                    + "\(pool.id.name) of location \(pool.id.location))",
                at: section.position, of: [.pool(pool.id, .address(address))])
        }
        return nil
    }
}
