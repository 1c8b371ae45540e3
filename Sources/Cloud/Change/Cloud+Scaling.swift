import Names
import Text

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
    /// What gives a type a number of services: new ones get the lowest free indexes, servers as `serverForAnother` chooses
    /// them, and the version of the others (`installation(besides:)`); of those that go, the highest indexes go first.
    ///
    /// Throws `ChangeError` if there is no such type or location, if too few servers can take a service, or if each version
    /// that the others have is quarantined.
    ///
    /// - Parameters:
    ///   - count: the number of services afterwards.
    ///   - location: only services on servers of this location are counted, added and removed; `nil`: all.
    ///   - versions: what is known of the versions that services of the type have, by their digests.
    ///
    /// Cost: walks over all services and servers, and for each new service over the servers that can take it.
    package func scaling(
        _ type: String, to count: Int, at location: String?, _ versions: [String: SiblingVersion] = [:]
    ) throws -> Scaling {
        guard let meta = types[type]?.configuration else { throw ChangeError.missing("type \(type.shownName())") }
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
        var taken = purgedIndexes(of: type).union(all.map(\.index))
        let installation: Installation?
        switch self.installation(besides: all, versions) {
        case .none: installation = nil
        case .version(let found): installation = found
        case .refused(let reason):
            throw ChangeError.invalid([
                Fault(
                    place: "#/count",
                    detail: "no version that services of the type \(type) have may be given to another: \(reason); "
                        + "`portcullis services add \(type) --version` adds one with another version")
            ])
        }
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
