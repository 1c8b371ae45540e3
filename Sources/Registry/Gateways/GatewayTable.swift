/// A key that tells a gateway's location.
protocol GatewayIdentity: Hashable, Sendable {
    var location: String { get }
}

extension GatewayID: GatewayIdentity {}

/// The gateways in memory, and which of them differ from the database. The cost of a poll does not depend on their
/// number.
struct GatewayTable<ID: GatewayIdentity>: Sendable {
    package private(set) var gateways: [ID: KnownGateway] = [:]
    /// The gateways of each location.
    private var byLocation: [String: Set<ID>] = [:]
    private var changed: Set<ID> = []
    private var forgotten: Set<ID> = []

    /// The number of gateways.
    package var count: Int { gateways.count }

    subscript(id: ID) -> KnownGateway? { gateways[id] }

    /// The number of gateways at a location.
    package func count(at location: String) -> Int { byLocation[location]?.count ?? 0 }

    /// The gateways of a location.
    func ids(at location: String) -> Set<ID> { byLocation[location] ?? [] }

    /// Adds or replaces a gateway.
    package mutating func note(_ id: ID, _ gateway: KnownGateway) {
        if gateways.updateValue(gateway, forKey: id) == nil { byLocation[id.location, default: []].insert(id) }
        changed.insert(id)
        forgotten.remove(id)
    }

    /// Adds gateways from the database, unless newer values are known.
    package mutating func load(_ known: [(ID, KnownGateway)]) {
        gateways.merge(known) { current, _ in current }
        byLocation = Dictionary(grouping: gateways.keys, by: \.location).mapValues(Set.init)
    }

    /// Forgets a gateway that the database no longer has.
    package mutating func forget(_ id: ID) {
        if gateways.removeValue(forKey: id) != nil { byLocation[id.location]?.remove(id) }
        changed.remove(id)
        // A flush that was under way may have written it again.
        forgotten.insert(id)
    }

    /// The changes that the database does not have yet.
    package struct Changes: Sendable {
        package var changed: [(ID, KnownGateway)]
        var forgotten: Set<ID>
    }

    /// The changes since the last call; `nil` if there are none. Cost: grows with their number.
    mutating func takeChanges() -> Changes? {
        guard !changed.isEmpty || !forgotten.isEmpty else { return nil }
        defer {
            changed = []
            forgotten = []
        }
        return Changes(changed: changed.compactMap { id in gateways[id].map { (id, $0) } }, forgotten: forgotten)
    }

    /// Takes back changes that could not be written to the database.
    mutating func putBack(_ changes: Changes) {
        changed.formUnion(changes.changed.map(\.0))
        forgotten.formUnion(changes.forgotten.filter { gateways[$0] == nil })
    }
}
