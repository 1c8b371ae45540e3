import AdminAPI
import AdminClient
import Text

extension AdminResources {
    /// Removes objects, all of them or none. An error names the object that it is about.
    func remove(_ removal: ApplyRemoval, dryRun: Bool) async throws -> ChangeReport {
        var places = SourceMap()
        places.add("#/remove/services", removal.services, as: .service)
        places.add("#/remove/servers", removal.servers, as: .server)
        places.add("#/remove/types", removal.types, as: .type)
        places.add("#/remove/pools", removal.pools.map(\.name), as: .pool)
        places.add("#/remove/egress", removal.egress.map(\.name), as: .egress)
        places.add("#/remove/locations", removal.locations, as: .location)
        return try await value(
            AdminRequest.change(.post, .apply, dryRun: dryRun).json(ApplyRequest(remove: removal)), places: places)
    }

    /// Changes services, all of them or none. An error names the service that it is about.
    func patch(_ change: ServicesPatch, dryRun: Bool) async throws -> ChangeReport {
        var places = SourceMap()
        places.add("#/services", change.services, as: .service)
        return try await value(
            AdminRequest.change(.patch, .services, dryRun: dryRun).json(change), places: places)
    }
}

extension SourceMap {
    fileprivate mutating func add(_ list: String, _ names: [String], as kind: ResourceKind) {
        for (index, name) in names.enumerated() { add("\(list)/\(index)", name: "\(kind.rawValue) \(name)") }
    }
}

extension [String] {
    /// Each text once, in order.
    var withoutRepetition: [String] {
        var seen = Set<ExactText>()
        return filter { seen.insert(ExactText($0)).inserted }
    }
}
