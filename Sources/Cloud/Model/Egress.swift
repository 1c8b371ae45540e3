public import NetworkTypes
import ServicesExport

/// A named rule of a location: machines of inside networks reach the world by the public addresses of a pool.
public struct Egress: Sendable, Hashable, Identifiable {
    public var id: LocatedName
    /// The name of a pool of the location.
    public var pool: String
    /// The inside networks, of one or both families. Ascending, without duplicates.
    public var sources: [AddressPrefix]
    /// Destinations that are reached with the inside address. Ascending, without duplicates.
    public var exceptions: [AddressPrefix]

    /// How many rules a location has at most.
    public static let maximumRules = EgressRule.maximumRules

    public init(
        location: String, name: String, pool: String, sources: some Sequence<AddressPrefix>,
        exceptions: some Sequence<AddressPrefix> = []
    ) {
        id = LocatedName(location: location, name: name)
        self.pool = pool
        self.sources = Set(sources).sorted()
        self.exceptions = Set(exceptions).sorted()
    }

    /// The families of the inside networks, ascending.
    package var families: [AddressFamily] {
        AddressFamily.allCases.filter { family in sources.contains { $0.address.family == family } }
    }

    /// The pool's identity.
    package var poolID: AddressPool.ID { AddressPool.ID(location: id.location, name: pool) }

    /// The rule in a message: `the egress rule out of location tcn`.
    var title: String { "the egress rule \(id.name) of location \(id.location)" }
}
