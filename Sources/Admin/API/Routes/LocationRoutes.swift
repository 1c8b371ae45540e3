import AdminAPI
import Cloud
import Hummingbird
import JSON
import Names
import NetworkTypes
import Registry

extension RouteTable {
    var locationRoutes: [Route] {
        [
            .get(
                .locations, operation: "listLocations", "Every location",
                answering: [LocationResource].form
            ) { request in
                let cloud = try await registry.state().cloud
                return try Self.answer(
                    cloud.locations.values.map(LocationResource.init).sorted { $0.name < $1.name }, to: request)
            },
            .get(
                .location("{location}"), operation: "readLocation", "One location",
                answering: LocationResource.form
            ) { request in
                try Self.answer(
                    LocationResource(try await registry.state().cloud.location(request.parameter("location"))),
                    to: request)
            },
            Route(
                method: .put, path: .location("{location}"), operation: "writeLocation",
                summary: "Create or replace a location", access: .change, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(LocationChange.form),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("location", of: .location)
                let description = try await request.read(LocationChange.form, agreeing: ["name": .string(name)]) {
                    change, _ in change.description ?? ""
                }
                return try await change(
                    request, places: .path(.location, name, "location"),
                    represent: { $0.cloud.locations[name].map(LocationResource.init) }
                ) {
                    $0.locations[name] = Location(name: name, description: description)
                }
            },
            Route(
                method: .delete, path: .location("{location}"), operation: "deleteLocation",
                summary: "Delete a location that has no servers, no pools and no egress rules", access: .change,
                query: [.dryRun],
                headers: [.ifMatch], answers: [.changed]
            ) { request in
                let name = request.parameter("location")
                return try await change(
                    request, places: .path(.location, name, "location"),
                    represent: { $0.cloud.locations[name].map(LocationResource.init) }
                ) {
                    try $0.deleteLocation(name)
                }
            },
        ]
    }

    var poolRoutes: [Route] {
        let represent = { @Sendable (state: RegistryState, id: AddressPool.ID) in
            state.cloud.pools[id].map(PoolResource.init)
        }
        let id = { @Sendable (request: APIRequest) in
            AddressPool.ID(location: request.parameter("location"), name: request.parameter("pool"))
        }
        return [
            .get(
                .pools(of: "{location}"), operation: "listPools", "The address pools of a location",
                answering: [PoolResource].form
            ) { request in
                let cloud = try await registry.state().cloud
                let location = try cloud.location(request.parameter("location")).name
                return try Self.answer(
                    cloud.pools.values.filter { $0.id.location == location }.map(PoolResource.init)
                        .sorted { $0.name < $1.name },
                    to: request)
            },
            .get(
                .pool("{pool}", of: "{location}"), operation: "readPool", "One address pool",
                answering: PoolResource.form
            ) { request in
                try Self.answer(PoolResource(try await registry.state().cloud.pool(id(request))), to: request)
            },
            Route(
                method: .put, path: .pool("{pool}", of: "{location}"), operation: "writePool",
                summary: "Create or replace an address pool", access: .change, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(PoolChange.form),
                answers: [.changed, .created]
            ) { request in
                let id = AddressPool.ID(
                    location: request.parameter("location"), name: try request.name("pool", of: .pool))
                let (pool, places) = try await request.read(
                    PoolChange.form, agreeing: ["location": .string(id.location), "name": .string(id.name)]
                ) { change, body in
                    let addresses = change.addresses.compactMap { IPAddress($0) }
                    var places = RequestPlaces.path(.pool, id.description, "pool")
                    places.addAddresses(.pool, id.description, of: body)
                    return (AddressPool(location: id.location, name: id.name, addresses: addresses), places)
                }
                return try await change(request, places: places, represent: { represent($0, id) }) { cloud in
                    _ = try cloud.location(id.location)
                    cloud.pools[id] = pool
                }
            },
            Route(
                method: .delete, path: .pool("{pool}", of: "{location}"), operation: "deletePool",
                summary: "Delete an address pool that no section exports from and no egress rule leaves by",
                access: .change, query: [.dryRun],
                headers: [.ifMatch], answers: [.changed]
            ) { request in
                let id = id(request)
                return try await change(
                    request, places: .path(.pool, id.description, "pool"), represent: { represent($0, id) }
                ) {
                    try $0.deletePool(id)
                }
            },
        ]
    }
}
