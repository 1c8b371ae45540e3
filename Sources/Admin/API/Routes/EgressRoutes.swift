import AdminAPI
import Cloud
import Hummingbird
import JSON
import Names
import Registry

extension RouteTable {
    var egressRoutes: [Route] {
        let represent = { @Sendable (state: RegistryState, id: Egress.ID) in
            state.cloud.egress[id].map(EgressResource.init)
        }
        let id = { @Sendable (request: APIRequest) in
            Egress.ID(location: request.parameter("location"), name: request.parameter("egress"))
        }
        return [
            .get(
                .egress(of: "{location}"), operation: "listEgress",
                "The egress rules of a location, at most \(Egress.maximumRules)", answering: [EgressResource].form
            ) { request in
                let cloud = try await registry.state().cloud
                let location = try cloud.location(request.parameter("location")).name
                return try Self.answer(
                    cloud.egress.values.filter { $0.id.location == location }.map(EgressResource.init)
                        .sorted { $0.name < $1.name },
                    to: request)
            },
            .get(
                .egress("{egress}", of: "{location}"), operation: "readEgress", "One egress rule",
                answering: EgressResource.form
            ) { request in
                try Self.answer(EgressResource(try await registry.state().cloud.egress(id(request))), to: request)
            },
            Route(
                method: .put, path: .egress("{egress}", of: "{location}"), operation: "writeEgress",
                summary: "Create or replace an egress rule; a location has at most \(Egress.maximumRules)",
                access: .change, query: [.dryRun], headers: [.ifMatch, .ifNoneMatchOnPut],
                body: Route.jsonBody(EgressChange.form), answers: [.changed, .created]
            ) { request in
                let id = Egress.ID(
                    location: request.parameter("location"), name: try request.name("egress", of: .egress))
                let (egress, places) = try await request.read(
                    EgressChange.form, agreeing: ["location": .string(id.location), "name": .string(id.name)]
                ) { change, body in
                    var places = RequestPlaces.path(.egress, id.description, "egress")
                    places.addEgress(id, of: body)
                    return (Egress(change, at: id), places)
                }
                return try await change(request, places: places, represent: { represent($0, id) }) { cloud in
                    _ = try cloud.location(id.location)
                    cloud.egress[id] = egress
                }
            },
            Route(
                method: .delete, path: .egress("{egress}", of: "{location}"), operation: "deleteEgress",
                summary: "Delete an egress rule", access: .change, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let id = id(request)
                return try await change(
                    request, places: .path(.egress, id.description, "egress"), represent: { represent($0, id) }
                ) {
                    try $0.deleteEgress(id)
                }
            },
        ]
    }
}
