import AdminAPI
import Cloud
import Hummingbird
import NetworkTypes
import Registry

extension RouteTable {
    var serverRoutes: [Route] {
        let represent = { @Sendable (state: RegistryState, name: String) in
            state.cloud.servers[name].map(ServerResource.init)
        }
        return [
            .get(
                "/v1/servers", operation: "listServers", "Every server",
                schema: Schemas.list(of: Schemas.reference("Server"))
            ) { request in
                let cloud = try await registry.state().cloud
                return try Self.answer(
                    cloud.servers.values.map(ServerResource.init).sorted { $0.name < $1.name }, to: request)
            },
            .get(
                "/v1/servers/{server}", operation: "readServer", "One server", schema: Schemas.reference("Server")
            ) { request in
                try Self.answer(
                    ServerResource(try await registry.state().cloud.server(request.parameter("server"))), to: request)
            },
            Route(
                method: .put, path: "/v1/servers/{server}", operation: "writeServer",
                summary: "Create or replace a server", access: .admin, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody("ServerChange"),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("server", of: .server)
                let (server, places) = try await request.json { field -> (Server, RequestPlaces)? in
                    guard let body = field.object(["name", "location", "kind", "addresses", "labels"]) else {
                        return nil
                    }
                    body.agreeing("name", with: name)
                    let location = body.required("location") { $0.name(of: .location) }
                    let kind = body.required("kind") { $0.choice(ServerKind.self) }
                    let addresses = body.required("addresses", Self.serverAddresses)
                    let labels = body.optional("labels", Self.serverLabels)
                    guard let location, let kind, let addresses else { return nil }
                    return (
                        Server(
                            name: name, location: location, kind: kind, addresses: addresses, labels: labels ?? []),
                        Self.places(name, addresses, body)
                    )
                }
                return try await change(request, places: places, represent: { represent($0, name) }) { cloud in
                    try cloud.requireLocation(server.location, at: "#/location")
                    cloud.servers[name] = server
                }
            },
            Route(
                method: .patch, path: "/v1/servers/{server}", operation: "changeServer",
                summary: "Change some members of a server", access: .admin, query: [.dryRun], headers: [.ifMatch],
                body: Route.jsonBody("ServerPatch"), answers: [.changed]
            ) { request in
                let name = request.parameter("server")
                struct Edit: Sendable {
                    var location: String?
                    var kind: ServerKind?
                    var addresses: [IPAddress]?
                    var labels: [String]?
                    var places: RequestPlaces
                }
                let edit = try await request.json { field -> Edit? in
                    guard let body = field.object(["location", "kind", "addresses", "labels"]) else { return nil }
                    let addresses = body.present("addresses", Self.serverAddresses)
                    return Edit(
                        location: body.present("location") { $0.name(of: .location) },
                        kind: body.present("kind") { $0.choice(ServerKind.self) },
                        addresses: addresses?.sorted(),
                        labels: body.present("labels", Self.serverLabels)?.sorted(),
                        places: Self.places(name, addresses ?? [], body))
                }
                return try await change(request, places: edit.places, represent: { represent($0, name) }) { cloud in
                    var server = try cloud.server(name)
                    server.location = edit.location ?? server.location
                    server.kind = edit.kind ?? server.kind
                    server.addresses = edit.addresses ?? server.addresses
                    server.labels = edit.labels ?? server.labels
                    try cloud.requireLocation(server.location, at: "#/location")
                    cloud.servers[name] = server
                }
            },
            Route(
                method: .delete, path: "/v1/servers/{server}", operation: "deleteServer",
                summary: "Delete a server without services", access: .admin, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let name = request.parameter("server")
                return try await change(
                    request, places: .path(.server, name, "server"), represent: { represent($0, name) }
                ) { try $0.deleteServer(name) }
            },
        ]
    }

    private static func places(_ name: String, _ addresses: [IPAddress], _ body: JSONObject) -> RequestPlaces {
        var places = RequestPlaces.path(.server, name, "server")
        places.addServer(name, addresses, of: body)
        return places
    }

    /// Labels, each once.
    static func serverLabels(_ field: JSONField) -> [String]? {
        var seen: Set<String> = []
        return field.elements(atMost: Limits.serverLabels) { field -> String? in
            guard let label = field.name(of: .label) else { return nil }
            if !seen.insert(label).inserted { field.fault("\(label) is listed twice") }
            return label
        }
    }

    /// One address, or one per family.
    static func serverAddresses(_ field: JSONField) -> [IPAddress]? {
        guard let addresses = field.unicastAddresses(atMost: Limits.serverAddresses) else { return nil }
        guard Set(addresses.map(\.family)).count == addresses.count else {
            field.fault("a server has at most one address of a family")
            return nil
        }
        return addresses
    }
}
