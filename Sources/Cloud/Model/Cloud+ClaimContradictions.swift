import NetworkTypes
import YAML

extension Cloud {
    /// Ports that two sections want on the same address; each pair of places is told once, with the lowest address.
    ///
    /// A section claims its ports on its pool wherever a location has a pool of that name, with instances there or not:
    /// an instance may come at any time, and it must not be what brings the conflict to light.
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
        // As a rule the locations have pools of the same names, on which everybody's claims are the same.
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

    /// The lowest address of each set of addresses of one family that the same pools have, with the names of those
    /// pools: what can be claimed twice on any address can be on one of these.
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

    /// What decides which claims there are on an address.
    private struct KindOfAddress: Hashable {
        package let family: AddressFamily
        /// The names of the pools that have it.
        package let pools: [String]
    }
}

extension GatewaySection {
    /// What the section wants of the addresses of a family in its pool.
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
