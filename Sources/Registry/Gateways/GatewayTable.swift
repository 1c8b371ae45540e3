/// What names a gateway, and says where it is.
protocol GatewayIdentity: Hashable, Sendable {
    var location: String { get }
}

extension GatewayID: GatewayIdentity {}

/// The gateways in memory, and which of them the database does not have as they are. What a poll does takes the same
/// number of looks however many there are.
struct GatewayTable<ID: GatewayIdentity>: Sendable {
    package private(set) var gateways: [ID: KnownGateway] = [:]
    /// How many gateways each location has.
    private var counts: [String: Int] = [:]
    private var changed: Set<ID> = []
    private var forgotten: Set<ID> = []

    package var count: Int { gateways.count }

    subscript(id: ID) -> KnownGateway? { gateways[id] }

    package func count(at location: String) -> Int { counts[location] ?? 0 }

    /// Takes a gateway as it is now.
    package mutating func note(_ id: ID, _ gateway: KnownGateway) {
        if gateways.updateValue(gateway, forKey: id) == nil { counts[id.location, default: 0] += 1 }
        changed.insert(id)
        forgotten.remove(id)
    }

    /// Takes what the database has, where nothing newer is known.
    package mutating func load(_ known: [(ID, KnownGateway)]) {
        gateways.merge(known) { current, _ in current }
        counts = gateways.keys.reduce(into: [:]) { $0[$1.location, default: 0] += 1 }
    }

    /// Forgets a gateway that the database has no longer.
    package mutating func forget(_ id: ID) {
        if gateways.removeValue(forKey: id) != nil { counts[id.location, default: 1] -= 1 }
        changed.remove(id)
        // A flush that was on its way may have written it again.
        forgotten.insert(id)
    }

    /// What the database has to be told.
    package struct Changes: Sendable {
        package var changed: [(ID, KnownGateway)]
        var forgotten: Set<ID>
    }

    /// What has changed since the last time; `nil`: nothing. Costs a look at each of them.
    mutating func takeChanges() -> Changes? {
        guard !changed.isEmpty || !forgotten.isEmpty else { return nil }
        defer {
            changed = []
            forgotten = []
        }
        return Changes(changed: changed.compactMap { id in gateways[id].map { (id, $0) } }, forgotten: forgotten)
    }

    /// Takes changes back that the database did not get.
    mutating func putBack(_ changes: Changes) {
        changed.formUnion(changes.changed.map(\.0))
        forgotten.formUnion(changes.forgotten.filter { gateways[$0] == nil })
    }
}
