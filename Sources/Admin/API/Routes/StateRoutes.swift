import AdminAPI
import Cloud
import Foundation
import Hummingbird
import JSON
import Registry

extension RouteTable {
    var stateRoutes: [Route] {
        [
            Route(
                method: .post, path: .states, operation: "setStates",
                summary: "Bring servers and services into a state: all that are named or selected, or none",
                access: .change, query: [.dryRun], headers: [.ifMatchRegistry],
                body: Route.jsonBody(StateChange.form), answers: [.changedCloud]
            ) { request in
                let change = try await request.read(StateChange.form) { change, _ in change }
                let now = registry.now()
                let setting = StateSetting(
                    state: change.state,
                    until: change.seconds.map { Timestamp.text(now.addingTimeInterval(Double($0))) },
                    servers: change.servers, services: change.services,
                    select: change.select.map {
                        ServiceSelection(type: $0.type, server: $0.server, location: $0.location)
                    })
                let preconditions = Preconditions(request.headers)
                let outcome = try await registry.write(
                    by: request.identity.author, dryRun: request.isDryRun,
                    places: { Self.places(of: setting, in: $0.cloud) }
                ) { cloud, before in
                    try cloud.set(setting)
                    try preconditions.check([EntityTag.of(before.commit)])
                }
                return try Self.report(outcome, ofRegistryTo: request)
            }
        ]
    }

    /// The places of the names; what is selected is at the selection.
    private static func places(of setting: StateSetting, in cloud: Cloud) -> RequestPlaces {
        var places = RequestPlaces()
        // Where it throws, the change has thrown the same.
        for name in (try? setting.select.map { try cloud.selected($0) }) ?? [] {
            places.add(.init(.service, name), "#/select")
        }
        for (index, name) in setting.servers.enumerated() { places.add(.init(.server, name), "#/servers/\(index)") }
        for (index, name) in setting.services.enumerated() {
            places.add(.init(.service, name), "#/services/\(index)")
        }
        return places
    }
}
