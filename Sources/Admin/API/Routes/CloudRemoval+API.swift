import AdminAPI
import Cloud

extension CloudRemoval {
    init(_ removal: ApplyRemoval) {
        self.init(
            services: removal.services, servers: removal.servers, types: removal.types,
            pools: removal.pools.map { AddressPool.ID(location: $0.location, name: $0.name) },
            egress: removal.egress.map { Egress.ID(location: $0.location, name: $0.name) },
            locations: removal.locations, marks: removal.marks.map(String.init))
    }
}

extension RequestPlaces {
    /// Adds the places of what an apply takes away, unless it has another one in the body.
    mutating func add(_ removal: CloudRemoval) {
        add(removal.services.map { .init(.service, $0) }, "services")
        add(removal.servers.map { .init(.server, $0) }, "servers")
        add(removal.pools.map { .pool($0) }, "pools")
        add(removal.egress.map { .egress($0) }, "egress")
        add(removal.locations.map { .init(.location, $0) }, "locations")
    }

    private mutating func add(_ subjects: [Contradiction.Subject], _ list: String) {
        for (index, subject) in subjects.enumerated() { add(subject, "#/remove/\(list)/\(index)") }
    }
}
