import AdminAPI
import Hummingbird
import Registry

extension RouteTable {
    var verdictRoutes: [Route] {
        [
            .get(
                .health, operation: "readHealth", "The health of real servers, as gateways have reported it",
                query: [
                    .filter(QueryParameter.location, "That of a location"),
                    .filter(QueryParameter.type, "That of a type"),
                    .filter(QueryParameter.service, "That of a service"),
                ],
                answering: HealthOverview.form
            ) { request in
                let wanted = HealthFilter(
                    location: request.query[QueryParameter.location], type: request.query[QueryParameter.type],
                    service: request.query[QueryParameter.service])
                return try Self.answer(
                    try await gateways.health(wanted, in: try await registry.state()), to: request)
            }
        ]
    }
}
