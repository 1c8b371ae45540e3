import AdminAPI
import Cloud
import Hummingbird
import Registry

extension RouteTable {
    var scaleRoutes: [Route] {
        [
            Route(
                method: .post, path: .scale(of: "{type}"), operation: "scaleType",
                summary: "Add services of a type, or remove those with the highest indexes, until there are so many",
                access: .change, query: [.dryRun], headers: [.ifMatchRegistry],
                body: Route.jsonBody(ServiceScale.form), answers: [.changedCloud]
            ) { request in
                let type = request.parameter("type")
                let wanted = try await request.read(ServiceScale.form) { wanted, _ in wanted }
                let siblings = try await registry.siblingVersions(
                    ofTypes: [type], in: try await registry.state().cloud)
                let scaling = { @Sendable (cloud: Cloud) in
                    try cloud.scaling(type, to: wanted.count, at: wanted.location, siblings)
                }
                let places = { @Sendable (before: RegistryState) in
                    var places = RequestPlaces()
                    // Where it throws, the change has thrown the same.
                    for name in (try? scaling(before.cloud))?.names ?? [] {
                        places.add(.init(.service, name), "#/count")
                    }
                    return places
                }
                let preconditions = Preconditions(request.headers)
                let outcome = try await registry.write(
                    by: request.identity.author, dryRun: request.isDryRun, places: places
                ) { cloud, before in
                    cloud.apply(try scaling(cloud))
                    try preconditions.check([EntityTag.of(before.commit)])
                }
                return try Self.report(outcome, ofRegistryTo: request)
            }
        ]
    }

    /// The report on a change of the whole registry, with the registry's ETag.
    static func report(_ outcome: Registry.Outcome, ofRegistryTo request: APIRequest) throws -> Response {
        let tag = EntityTag.of(request.isDryRun ? outcome.base : outcome.state.commit)
        return try report(outcome, to: request, headers: [.eTag: tag])
    }
}
