import AdminAPI
import Cloud
import Hummingbird
import Names
import Registry

extension RouteTable {
    var servicesPatchRoutes: [Route] {
        [
            Route(
                method: .patch, path: .services, operation: "changeServices",
                summary: "Give services a version, or have them run or not: all that are named, or none",
                access: .change, query: [.dryRun], headers: [.ifMatchRegistry],
                body: Route.jsonBody(ServicesPatch.form), answers: [.changedCloud]
            ) { request in
                let change = try await request.read(ServicesPatch.form) { change, _ in change }
                let known = try await known(change)
                let preconditions = Preconditions(request.headers)
                var places = RequestPlaces()
                for (index, name) in change.services.enumerated() {
                    places.add(.init(.service, name), "#/services/\(index)")
                }
                let outcome = try await registry.write(
                    by: request.identity.author, dryRun: request.isDryRun, places: { [places] _ in places }
                ) { cloud, before in
                    try cloud.change(change, known)
                    try preconditions.check([EntityTag.of(before.commit)])
                }
                return try Self.report(outcome, ofRegistryTo: request)
            }
        ]
    }

    /// The version that a change names, by type.
    private func known(_ change: ServicesPatch) async throws -> [String: KnownVersion] {
        guard case .reference(let version) = change.version else { return [:] }
        let types = Set(change.services.compactMap { ServiceName($0)?.type })
        let found = try await registry.versions.known(types.map { NamedVersion(type: $0, version: version) })
        return found.reduce(into: [:]) { $0[$1.key.type] = $1.value }
    }
}

extension Cloud {
    /// Changes services. Throws `ChangeError.invalid` with a fault for each that cannot be changed.
    fileprivate mutating func change(_ change: ServicesPatch, _ known: [String: KnownVersion]) throws {
        var faults: [Fault] = []
        for (index, name) in change.services.enumerated() {
            guard let service = services[name] else {
                faults.append(Fault(place: "#/services/\(index)", detail: "there is no service \"\(name)\""))
                continue
            }
            do {
                try services[name]?.change(change.patch, known[service.type])
            } catch ChangeError.invalid(let found) {
                faults += found.map { Fault(place: "#/services/\(index)", detail: $0.detail) }
            }
        }
        guard faults.isEmpty else { throw ChangeError.invalid(Array(faults.prefix(100))) }
    }
}
