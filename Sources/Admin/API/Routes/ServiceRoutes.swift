import AdminAPI
import Cloud
import Hummingbird
import JSON
import Registry

extension RouteTable {
    var serviceRoutes: [Route] {
        [
            .get(
                "/v1/services", operation: "listServices", "Every service",
                schema: Schemas.list(of: Schemas.reference("Service"))
            ) { request in
                let cloud = try await registry.state().cloud
                return try Self.answer(
                    cloud.services.values.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
                        .map(ServiceResource.init),
                    to: request)
            },
            Route(
                method: .post, path: "/v1/services", operation: "createService",
                summary: "Create a service with the lowest free index of its type", access: .admin, query: [.dryRun],
                body: Route.jsonBody("ServiceCreation"),
                answers: [
                    .changed,
                    .created([
                        .eTagAfterChange,
                        Route.Parameter(
                            name: "Location", summary: "The service's path",
                            schema: ["type": "string", "format": "uri-reference"]),
                    ]),
                ]
            ) { request in try await createService(request) },
            .get(
                "/v1/services/{service}", operation: "readService", "One service",
                schema: Schemas.reference("Service")
            ) { request in
                let name = request.parameter("service")
                return try Self.answer(
                    ServiceResource(try await registry.state().cloud.service(name)), to: request)
            },
            Route(
                method: .put, path: "/v1/services/{service}", operation: "writeService",
                summary: "Create or replace a service", access: .admin, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody("ServiceChange"),
                answers: [.changed, .created]
            ) { request in try await writeService(request) },
            Route(
                method: .patch, path: "/v1/services/{service}", operation: "changeService",
                summary: "Change a service's server, state or weight", access: .admin, query: [.dryRun],
                headers: [.ifMatch], body: Route.jsonBody("ServicePatch"), answers: [.changed]
            ) { request in try await patchService(request) },
            Route(
                method: .delete, path: "/v1/services/{service}", operation: "deleteService",
                summary: "Delete a service", access: .admin, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let name = request.parameter("service")
                return try await change(
                    request, places: .path(.service, name, "service"),
                    represent: { $0.cloud.services[name].map(ServiceResource.init) }
                ) {
                    _ = try $0.service(name)
                    $0.services[name] = nil
                }
            },
        ]
    }

    static let weights = 0...65_535

    private func createService(_ request: APIRequest) async throws -> Response {
        let (draft, hasState) = try await request.json { field -> (ServiceInstance, Bool)? in
            guard let body = field.object(["type", "server", "state", "weight"]) else { return nil }
            let type = body.required("type") { $0.name(of: .type) }
            let server = body.required("server") { $0.name(of: .server) }
            let state = body.present("state") { $0.choice(ServiceState.self) }
            let weight = body.optional("weight") { $0.integer(in: Self.weights) }
            guard let type, let server else { return nil }
            return (
                ServiceInstance(type: type, index: 1, server: server, state: state ?? .ready, weight: weight),
                state != nil
            )
        }
        let places = { @Sendable (before: RegistryState) -> RequestPlaces in
            let name = "\(draft.type).\(before.cloud.freeIndex(of: draft.type))"
            var places = RequestPlaces()
            places.add(.init(.service, name), "#/type")
            places.add(.init(.service, name, .server), "#/server")
            if hasState { places.add(.init(.service, name, .state), "#/state") }
            return places
        }
        let outcome = try await registry.write(
            by: request.identity.name, dryRun: request.isDryRun, places: places
        ) { cloud, _ in
            try cloud.requireType(draft.type, at: "#/type")
            try cloud.requireServer(draft.server, at: "#/server")
            var service = draft
            service.index = cloud.freeIndex(of: draft.type)
            cloud.services[service.name] = service
        }
        let name = outcome.summary.difference.changes.first?.name ?? ""
        return try Self.report(
            outcome, to: request, resource: outcome.state.cloud.services[name].map(ServiceResource.init),
            location: "/v1/services/\(name)")
    }

    private func writeService(_ request: APIRequest) async throws -> Response {
        let (type, index) = try request.serviceName()
        let name = "\(type).\(index)"
        let (service, places) = try await request.json { field -> (ServiceInstance, RequestPlaces)? in
            guard let body = field.object(["name", "type", "index", "server", "state", "weight"]) else { return nil }
            body.agreeing("name", with: name)
            body.agreeing("type", with: type)
            if let given = body.present("index", { $0.integer(in: 1...ServiceInstance.maximumIndex) }), given != index {
                field.list.add("#/index", "\(given) differs from \(index) in the path")
            }
            let server = body.required("server") { $0.name(of: .server) }
            let state = body.present("state") { $0.choice(ServiceState.self) }
            let weight = body.optional("weight") { $0.integer(in: Self.weights) }
            guard let server else { return nil }
            return (
                ServiceInstance(type: type, index: index, server: server, state: state ?? .ready, weight: weight),
                Self.places(name, body)
            )
        }
        return try await change(
            request, places: places, represent: { $0.cloud.services[name].map(ServiceResource.init) }
        ) { cloud in
            try cloud.requireType(type, at: "{service}")
            try cloud.requireServer(service.server, at: "#/server")
            cloud.services[name] = service
        }
    }

    private func patchService(_ request: APIRequest) async throws -> Response {
        struct Edit: Sendable {
            var server: String?
            var state: ServiceState?
            /// `.some(nil)`: back to the section's.
            var weight: Int??
            var places: RequestPlaces
        }
        let name = request.parameter("service")
        let edit = try await request.json { field -> Edit? in
            guard let body = field.object(["server", "state", "weight"]) else { return nil }
            return Edit(
                server: body.present("server") { $0.name(of: .server) },
                state: body.present("state") { $0.choice(ServiceState.self) },
                weight: body.has("weight") ? .some(body.optional("weight") { $0.integer(in: Self.weights) }) : nil,
                places: Self.places(name, body))
        }
        return try await change(
            request, places: edit.places, represent: { $0.cloud.services[name].map(ServiceResource.init) }
        ) { cloud in
            var service = try cloud.service(name)
            service.server = edit.server ?? service.server
            service.state = edit.state ?? service.state
            if let weight = edit.weight { service.weight = weight }
            try cloud.requireServer(service.server, at: "#/server")
            cloud.services[name] = service
        }
    }

    private static func places(_ name: String, _ body: JSONObject) -> RequestPlaces {
        var places = RequestPlaces.path(.service, name, "service")
        places.addService(name, of: body)
        return places
    }
}
