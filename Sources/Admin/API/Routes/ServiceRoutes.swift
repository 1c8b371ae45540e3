import AdminAPI
import Cloud
import Hummingbird
import JSON
import Names
import Registry

extension RouteTable {
    var serviceRoutes: [Route] {
        [
            serviceList.route(in: self),
            Route(
                method: .post, path: .services, operation: "createService",
                summary: "Create a service with the lowest free index of its type; without a server, ADMIN chooses one",
                access: .change, query: [.dryRun],
                body: Route.jsonBody(ServiceCreation.form),
                answers: [
                    .changed,
                    .created([
                        .eTagAfterChange,
                        Route.Parameter(
                            name: APIHeader.location, summary: "The service's path",
                            schema: ["type": "string", "format": "uri-reference"]),
                    ]),
                ]
            ) { request in try await createService(request) },
            .get(
                .service("{service}"), operation: "readService", "One service",
                answering: ServiceResource.form
            ) { request in
                let cloud = try await registry.state().cloud
                return try Self.answer(
                    ServiceResource(try cloud.service(request.parameter("service")), in: cloud), to: request)
            },
            Route(
                method: .put, path: .service("{service}"), operation: "writeService",
                summary: "Create or replace a service", access: .change, query: [.dryRun] + .moving,
                headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(ServiceChange.form),
                answers: [.changed, .created]
            ) { request in try await writeService(request) },
            Route(
                method: .patch, path: .service("{service}"), operation: "changeService",
                summary: "Change a service's server, state, weight or version", access: .change,
                query: [.dryRun] + .moving,
                headers: [.ifMatch], body: Route.jsonBody(ServicePatch.form), answers: [.changed]
            ) { request in try await patchService(request) },
            Route(
                method: .delete, path: .service("{service}"), operation: "deleteService",
                summary: "Delete a service", access: .change, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let name = request.parameter("service")
                return try await change(
                    request, places: .path(.service, name, "service"),
                    represent: { $0.cloud.serviceResource(name) }
                ) { try $0.deleteService(name) }
            },
        ]
    }

    private func createService(_ request: APIRequest) async throws -> Response {
        let (wanted, hasState) = try await request.read(ServiceCreation.form) { ($0, $1.has("state")) }
        if wanted.server != nil, wanted.location != nil {
            throw APIProblem.invalid([
                .init(pointer: "#/location", detail: "is only allowed without `server`, whose location counts")
            ])
        }
        let places = { @Sendable (before: RegistryState) -> RequestPlaces in
            let name = "\(wanted.type).\(before.cloud.freeIndex(of: wanted.type))"
            var places = RequestPlaces()
            places.add(.init(.service, name), "#/type")
            if wanted.server != nil { places.add(.init(.service, name, .server), "#/server") }
            if hasState { places.add(.init(.service, name, .state), "#/state") }
            return places
        }
        let known = try await known(wanted.version, type: wanted.type)
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun, places: places
        ) { cloud, _ in
            try cloud.requireType(wanted.type, at: "#/type")
            let server = try wanted.server ?? cloud.serverForAnother(wanted.type, at: wanted.location)
            try cloud.requireServer(server, at: "#/server")
            let service = ServiceInstance(
                type: wanted.type, index: cloud.freeIndex(of: wanted.type), server: server,
                state: wanted.state ?? .ready, weight: wanted.weight,
                installation: try wanted.version.map {
                    try Installation(
                        $0, known, desired: wanted.desired ?? .running, of: wanted.type, before: nil, at: "#/version")
                })
            cloud.services[service.name] = service
        }
        let name = outcome.summary.difference.changes.first?.name ?? ""
        return try Self.report(
            outcome, to: request, resource: outcome.state.cloud.serviceResource(name),
            location: APIPath.service(name).encoded)
    }

    private func writeService(_ request: APIRequest) async throws -> Response {
        let id = try request.serviceName()
        let (type, name) = (id.type, "\(id)")
        let (wanted, places) = try await request.read(
            ServiceChange.form,
            agreeing: ["name": .string(name), "type": .string(type), "index": .integer(id.index)]
        ) { ($0, Self.places(name, $1)) }
        let service = ServiceInstance(
            type: type, index: id.index, server: wanted.server, state: wanted.state ?? .ready,
            weight: wanted.weight, until: wanted.until.flatMap(Timestamp.inUTC))
        let known = try await known(wanted.version, type: type)
        let move = try moveRequest(request, name, to: wanted.server)
        return try await change(
            request, places: places, represent: { $0.cloud.serviceResource(name) }
        ) { cloud in
            try cloud.requireType(type, at: "{service}")
            try cloud.requireServer(service.server, at: "#/server")
            let before = cloud
            var service = service
            service.installation = try wanted.version.map {
                try Installation(
                    $0, known, desired: wanted.desired ?? .running, of: type,
                    before: before.services[name]?.installation, at: "#/version")
            }
            service.server = before.services[name]?.server ?? service.server
            cloud.services[name] = service
            try cloud.move(move, since: before, places)
        }
    }

    private func patchService(_ request: APIRequest) async throws -> Response {
        let name = request.parameter("service")
        let (patch, places) = try await request.read(ServicePatch.form) { ($0, Self.places(name, $1)) }
        var version: VersionReference?
        if case .reference(let reference) = patch.version { version = reference }
        let known = try await known(version, type: ServiceName(name)?.type ?? "")
        let move = try patch.server.map { try moveRequest(request, name, to: $0) }
        return try await change(
            request, places: places, represent: { $0.cloud.serviceResource(name) }
        ) { cloud in
            var service = try cloud.service(name)
            if let state = patch.state {
                (service.state, service.until) = (state, patch.until.flatMap(Timestamp.inUTC))
            }
            switch patch.weight {
            case nil: break
            case .fromSection: service.weight = nil
            case .fixed(let weight): service.weight = weight
            }
            try service.change(patch, known)
            if let server = patch.server { try cloud.requireServer(server, at: "#/server") }
            let before = cloud
            cloud.services[name] = service
            if let move { try cloud.move(move, since: before, places) }
        }
    }

    /// How a request moves a service.
    private func moveRequest(_ request: APIRequest, _ service: String, to server: String) throws -> MoveRequest {
        let drainTime = try request.query[QueryParameter.drainTime].map { _ in
            try request.integer(QueryParameter.drainTime, in: Limits.drainSeconds, default: 0)
        }
        return MoveRequest(
            service: service, server: server, isAtOnce: try request.boolean(QueryParameter.atOnce),
            mayLeaveData: try request.boolean(QueryParameter.withoutData), drainTime: drainTime,
            createdBy: request.identity.name, createdAt: Timestamp.text(registry.now()))
    }

    private static func places(_ name: String, _ body: JSONObject) -> RequestPlaces {
        var places = RequestPlaces.path(.service, name, "service")
        places.addService(name, of: body)
        return places
    }
}

extension Cloud {
    /// A service as the API has it; `nil` if there is none.
    fileprivate func serviceResource(_ name: String) -> ServiceResource? {
        services[name].map { ServiceResource($0, in: self) }
    }
}

extension ServiceInstance {
    /// Takes version and desired state of a patch.
    mutating func change(_ patch: ServicePatch, _ known: KnownVersion?) throws {
        switch patch.version {
        case nil: break
        case .some(.none): installation = nil
        case .reference(let version):
            installation = try Installation(
                version, known, desired: installation?.desired ?? .running, of: type, before: installation,
                at: "#/version")
        }
        guard let desired = patch.desired else { return }
        guard installation != nil else {
            throw ChangeError.invalid([
                Fault(place: "#/desired", detail: "the service \(name) has no version: ADMIN does not run it")
            ])
        }
        installation?.desired = desired
    }
}

extension [Route.Parameter] {
    /// How a service is moved whose server changes.
    fileprivate static let moving: Self = [
        .withoutData,
        Route.Parameter(
            name: QueryParameter.atOnce,
            summary: "true: a service whose server changes is there with this change, and requests may be lost",
            schema: ["type": "boolean", "default": false]),
        Route.Parameter(
            name: QueryParameter.drainTime,
            summary: "Seconds that connections get at the old server, if that is less than its type's sections say",
            schema: [
                "type": "integer", "minimum": .integer(Limits.drainSeconds.lowerBound),
                "maximum": .integer(Limits.drainSeconds.upperBound),
            ]),
    ]
}

extension Route.Parameter {
    /// Lets services with data move.
    static let withoutData = Self(
        name: QueryParameter.withoutData,
        summary: "true: a service with data may move to another server, which leaves the data behind",
        schema: ["type": "boolean", "default": false])
}
