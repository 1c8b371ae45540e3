import NetworkTypes
import YAML

/// Ports that a gateway section claims for itself on an address (or, inside one file, on a pool).
struct PortClaim<Address: Comparable & CustomStringConvertible> {
    package let address: Address
    package let transport: TransportProtocol
    package let ports: PortRange
    package let section: SectionID
    package let position: YAMLPosition

    /// `198.51.100.37 tcp 20000-29999`
    package var connection: String { "\(address) \(transport) \(ports)" }

    /// The same claim on one address of the pool.
    package func on<Other>(_ address: Other) -> PortClaim<Other> {
        PortClaim<Other>(address: address, transport: transport, ports: ports, section: section, position: position)
    }

    /// Two claims that conflict.
    struct Overlap {
        let claim: PortClaim
        package let other: PortClaim

        /// The same overlap with its sides swapped if only the other one belongs to the types.
        package func blaming(_ types: Set<String>) -> Overlap {
            types.contains(other.section.type) && !types.contains(claim.section.type)
                ? Overlap(claim: other, other: claim) : self
        }

        /// What an overlap has in common with that on another address.
        package struct Place: Hashable {
            let claim: SectionID
            package let other: SectionID
            package let transport: TransportProtocol
            package let ports: PortRange
            let otherPorts: PortRange
        }

        /// The place of the overlap, without its address.
        package var place: Place {
            Place(
                claim: claim.section, other: other.section, transport: claim.transport, ports: claim.ports,
                otherPorts: other.ports)
        }

        /// The message about the overlap, which names both sections.
        package var message: String {
            "\(claim.section) claims \(claim.connection), which overlaps \(other.section) \(other.connection) "
                + "(\(other.position))"
        }
    }

    /// The claims that overlap an earlier one, in the order of addresses and ports. For each claim there is at most
    /// one overlap, with the claim that reaches furthest. Cost: sorts once, and examines each claim once.
    static func overlaps(_ claims: [PortClaim]) -> [Overlap] {
        let sorted = claims.sorted { a, b in
            if a.address != b.address { return a.address < b.address }
            if a.transport != b.transport { return a.transport < b.transport }
            if a.ports != b.ports { return a.ports < b.ports }
            return a.section < b.section
        }
        var overlaps = [Overlap]()
        var furthest: PortClaim?
        for claim in sorted {
            guard let other = furthest, other.address == claim.address, other.transport == claim.transport,
                other.ports.overlaps(claim.ports)
            else {
                furthest = claim
                continue
            }
            overlaps.append(Overlap(claim: claim, other: other))
            if claim.ports.last > other.ports.last { furthest = claim }
        }
        return overlaps
    }
}
