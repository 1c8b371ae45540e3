import AdminAPI
import Cloud
import Hummingbird
import JSON
import Names
import NetworkTypes
import Registry
import Text

extension RouteTable {
    var serverRoutes: [Route] {
        let represent = { @Sendable (state: RegistryState, name: String) in
            state.cloud.servers[name].map(ServerResource.init)
        }
        return [
            serverList.route(in: self),
            .get(
                .server("{server}"), operation: "readServer", "One server", answering: ServerResource.form
            ) { request in
                try Self.answer(
                    ServerResource(try await registry.state().cloud.server(request.parameter("server"))), to: request)
            },
            Route(
                method: .put, path: .server("{server}"), operation: "writeServer",
                summary: "Create or replace a server", access: .change, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(ServerChange.form),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("server", of: .server)
                let ((server, keepsState), places) = try await request.read(
                    ServerChange.form, agreeing: ["name": .string(name)]
                ) { change, body in
                    let addresses = change.addresses.compactMap { IPAddress($0) }
                    let server = Server(
                        name: name, location: change.location, kind: change.kind, addresses: addresses,
                        labels: change.labels, state: change.state ?? .ready,
                        until: change.until.flatMap(Timestamp.inUTC), drives: Self.drives(change.drives))
                    return ((server, keepsState: change.state == nil), Self.places(name, body))
                }
                return try await change(request, places: places, represent: { represent($0, name) }) { cloud in
                    try cloud.requireLocation(server.location, at: "#/location")
                    cloud.put(server, keepingState: keepsState)
                }
            },
            Route(
                method: .patch, path: .server("{server}"), operation: "changeServer",
                summary: "Change some members of a server", access: .change, query: [.dryRun], headers: [.ifMatch],
                body: Route.jsonBody(ServerPatch.form), answers: [.changed]
            ) { request in
                let name = request.parameter("server")
                let (patch, places) = try await request.read(ServerPatch.form) { patch, body in
                    (patch, Self.places(name, body))
                }
                return try await change(request, places: places, represent: { represent($0, name) }) { cloud in
                    var server = try cloud.server(name)
                    server.location = patch.location ?? server.location
                    server.kind = patch.kind ?? server.kind
                    server.addresses = patch.addresses?.compactMap { IPAddress($0) }.sorted() ?? server.addresses
                    server.labels = patch.labels?.sorted() ?? server.labels
                    if let drives = patch.drives { server.drives = Self.drives(drives) }
                    if let state = patch.state {
                        (server.state, server.until) = (state, patch.until.flatMap(Timestamp.inUTC))
                    }
                    try cloud.requireLocation(server.location, at: "#/location")
                    cloud.servers[name] = server
                }
            },
            Route(
                method: .delete, path: .server("{server}"), operation: "deleteServer",
                summary: "Delete a server without services", access: .change, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let name = request.parameter("server")
                return try await change(
                    request, places: .path(.server, name, "server"), represent: { represent($0, name) }
                ) { try $0.deleteServer(name) }
            },
        ]
    }

    /// The drives that a body has.
    static func drives(_ drives: [ExactText: String]?) -> [String: String] {
        (drives ?? [:]).reduce(into: [:]) { $0[$1.key.wrappedValue] = $1.value }
    }

    private static func places(_ name: String, _ body: JSONObject) -> RequestPlaces {
        var places = RequestPlaces.path(.server, name, "server")
        places.addServer(name, of: body)
        return places
    }
}
