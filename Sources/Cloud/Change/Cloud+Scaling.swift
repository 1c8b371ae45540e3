import Names

/// Which services a change of a type's number of services adds and removes.
package struct Scaling: Sendable, Hashable {
    /// The new services, by index.
    package var added: [ServiceInstance] = []
    /// The names of the services that go, those with the highest indexes.
    package var removed: [String] = []

    /// The names of all services that are added or removed.
    package var names: [String] { added.map(\.name) + removed }
}

extension Cloud {
    /// What gives a type a number of services: new ones get the lowest free indexes, and servers as
    /// `serverForAnother` chooses them, and the version that the most of the others have; of those that go, the highest indexes go first.
    ///
    /// Throws `ChangeError` if there is no such type or location, or if too few servers can take a service.
    ///
    /// - Parameters:
    ///   - count: the number of services afterwards.
    ///   - location: only services on servers of this location are counted, added and removed; `nil`: all.
    ///
    /// Cost: walks over all services and servers, and for each new service over the servers that can take it.
    package func scaling(_ type: String, to count: Int, at location: String?) throws -> Scaling {
        guard let meta = types[type]?.configuration else { throw ChangeError.missing("type \(type.prefix(80))") }
        try requireChosenServers(type, at: "#/count")
        if let location { try requireLocation(location, at: "#/location") }
        let all = services.values.filter { $0.type == type }
        let present = all.filter { service in
            location.map { servers[service.server]?.location == $0 } ?? true
        }.sorted { $0.index < $1.index }
        var scaling = Scaling()
        guard count > present.count else {
            scaling.removed = present.dropFirst(count).map(\.name)
            return scaling
        }
        var taken = Set(all.map(\.index))
        let installation = installation(besides: all)
        var placement = Placement(of: meta, in: self, at: location)
        var index = 0
        for _ in present.count..<count {
            repeat { index += 1 } while !taken.insert(index).inserted
            do {
                scaling.added.append(
                    ServiceInstance(
                        type: type, index: index, server: try placement.next(), installation: installation))
            } catch ChangeError.noServer(let text, let faults) {
                throw ChangeError.noServer(
                    "\(text): there are \(present.count), and at most \(scaling.added.count) can be added",
                    faults.map { Fault(place: $0.place == "#/type" ? "#/count" : $0.place, detail: $0.detail) })
            }
        }
        return scaling
    }

    /// Adds and removes the services.
    package mutating func apply(_ scaling: Scaling) {
        for service in scaling.added { services[service.name] = service }
        for name in scaling.removed { services[name] = nil }
    }
}
