/// Objects to be taken away, all of them or none.
package struct CloudRemoval: Sendable, Hashable {
    package var services: [String]
    package var servers: [String]
    package var types: [String]
    package var pools: [AddressPool.ID]
    package var egress: [Egress.ID]
    package var locations: [String]
    package var marks: [String]

    package init(
        services: [String] = [], servers: [String] = [], types: [String] = [], pools: [AddressPool.ID] = [],
        egress: [Egress.ID] = [], locations: [String] = [], marks: [String] = []
    ) {
        self.services = services
        self.servers = servers
        self.types = types
        self.pools = pools
        self.egress = egress
        self.locations = locations
        self.marks = marks
    }
}

extension Cloud {
    /// Deletes a service. Throws `ChangeError` if it is missing, or is one that each server has.
    package mutating func deleteService(_ name: String) throws {
        try requireRemovable(service(name))
        services[name] = nil
    }

    /// Deletes a pool. Throws `ChangeError` if it is missing. The check for contradictions finds what still needs it.
    package mutating func deletePool(_ id: AddressPool.ID) throws {
        _ = try pool(id)
        pools[id] = nil
    }

    /// Deletes an egress rule. Throws `ChangeError` if it is missing.
    package mutating func deleteEgress(_ id: Egress.ID) throws {
        _ = try egress(id)
        egress[id] = nil
    }

    /// Deletes objects, what others need last. Throws `ChangeError` for the first one that is missing or may not go.
    package mutating func remove(_ removal: CloudRemoval) throws {
        for name in removal.services { try deleteService(name) }
        for name in removal.types { try deleteType(name) }
        for name in removal.servers { try deleteServer(name) }
        for id in removal.egress { try deleteEgress(id) }
        for id in removal.pools { try deletePool(id) }
        for name in removal.locations { try deleteLocation(name) }
        for name in removal.marks { try releaseMark(name) }
    }
}
