import NetworkTypes
import YAML

extension Cloud {
    /// Ports that two sections claim on the same address. Each pair of places is reported once, with the lowest
    /// address.
    ///
    /// A section claims its ports in every location that has its pool, whether or not there are instances: a later
    /// instance must not be what reveals the conflict. Cost: in each location, sorts the claims on each set of pools
    /// that share an address.
    public func claimContradictions(blaming types: Set<String> = []) -> [Contradiction] {
        var claims = [AddressFamily: [String: [PortClaim<String>]]]()
        for family in AddressFamily.allCases {
            for type in self.types.values {
                for section in type.configuration.gateway {
                    claims[family, default: [:]][section.pool, default: []]
                        .append(contentsOf: section.claims(of: type.name, on: family))
                }
            }
        }
        var found = [Contradiction]()
        var seen = Set<Contradiction>()
        // Usually all locations have pools of the same names, and so the same claims.
        var kindsWithout = Set<KindOfAddress>()
        let poolsByLocation = Dictionary(grouping: pools.values, by: \.id.location)
        for (location, pools) in poolsByLocation.sorted(by: { $0.key < $1.key }) {
            var places = Set<PortClaim<IPAddress>.Overlap.Place>()
            for (address, kind) in Self.addressesThatDiffer(pools) where !kindsWithout.contains(kind) {
                let names = kind.pools
                let claims = names.flatMap { claims[address.family]?[$0] ?? [] }.map { $0.on(address) }
                let overlaps = PortClaim.overlaps(claims)
                if overlaps.isEmpty { kindsWithout.insert(kind) }
                for overlap in overlaps where places.insert(overlap.place).inserted {
                    let overlap = overlap.blaming(types)
                    let owners = names.map { AddressPool.ID(location: location, name: $0) }
                    let contradiction = Contradiction(
                        overlap.message, at: overlap.claim.position,
                        of: owners.map { .pool($0, .address(address)) })
                    if seen.insert(contradiction).inserted { found.append(contradiction) }
                }
            }
        }
        return found
    }

    /// For one family, the lowest address of each set of addresses that belong to the same pools, with the names of
    /// the pools. A conflict on any address also occurs on one of these.
    private static func addressesThatDiffer(_ pools: [AddressPool]) -> [(address: IPAddress, kind: KindOfAddress)] {
        var poolsOfAddress = [IPAddress: [String]]()
        for pool in pools.sorted(by: { $0.id < $1.id }) {
            for address in pool.addresses { poolsOfAddress[address, default: []].append(pool.id.name) }
        }
        var lowest = [KindOfAddress: IPAddress]()
        for (address, names) in poolsOfAddress {
            let kind = KindOfAddress(family: address.family, pools: names)
            lowest[kind] = min(address, lowest[kind] ?? address)
        }
        return lowest.map { (address: $0.value, kind: $0.key) }.sorted { $0.address < $1.address }
    }

    /// What determines the claims on an address.
    private struct KindOfAddress: Hashable {
        package let family: AddressFamily
        /// The names of the pools that have the address.
        package let pools: [String]
    }
}

extension GatewaySection {
    /// The ports that the section claims on the addresses of a family in its pool.
    func claims(of type: String, on family: AddressFamily) -> [PortClaim<String>] {
        guard serves(family) else { return [] }
        let id = SectionID(type: type, section: name)
        return protocols.flatMap { transport in
            publicPorts.map {
                PortClaim(address: pool, transport: transport, ports: $0, section: id, position: position)
            }
        }
    }
}
