import AdminAPI
import Cloud
import Hummingbird
import JSON
import Registry

extension RouteTable {
    var observationRoutes: [Route] {
        [
            gatewayList.route(in: self),
            .get(
                .gateway("{gateway}", of: "{location}"), operation: "getGateway",
                "A gateway, with what it has reported beside its polls", answering: GatewayDetail.form
            ) { request in
                try Self.answer(
                    try await gateways.detail(Self.gateway(request), in: try await registry.state()), to: request)
            },
            Route(
                method: .post, path: .report(ofGateway: "{gateway}", of: "{location}"), operation: "reportGateway",
                summary: "A gateway's report: the whole one, or what has changed since the last; a gateway calls it",
                access: .gateway,
                body: Route.Body(
                    mediaType: MediaType.json, schema: GatewayReportMessage.form.schema, limit: Limits.report),
                answers: [.json("Whether the next report must be a whole one", ReportAnswer.form.schema)]
            ) { request in try await takeReport(request) },
            Route(
                method: .delete, path: .gateway("{gateway}", of: "{location}"), operation: "forgetGateway",
                summary: "Forget a gateway that is no more; one that still polls is back with its next poll",
                access: .admin, query: [.dryRun], answers: [.changedList]
            ) { request in
                let id = Self.gateway(request)
                try await gateways.forget(id, by: request.identity.name, dryRun: request.isDryRun)
                return Self.report(
                    ChangeReport(changes: [.init(action: .delete, kind: .gateway, name: id.description)], export: []))
            },
            .get(
                .marks, operation: "listMarks", "The firewall marks, and the gateway sections that hold them",
                answering: [MarkResource].form
            ) { request in try Self.answer(try await registry.marks(), to: request) },
            Route(
                method: .delete, path: .mark("{mark}"), operation: "releaseMark",
                summary: "Release the mark of a section that is gone, for another to get", access: .change,
                query: [.dryRun], answers: [.changedList]
            ) { request in
                let mark = request.parameter("mark")
                let outcome = try await registry.write(by: request.identity.author, dryRun: request.isDryRun) {
                    cloud, _ in try cloud.releaseMark(mark)
                }
                return try Self.report(outcome, to: request)
            },
        ]
    }

    private static func gateway(_ request: APIRequest) -> GatewayID {
        GatewayID(location: request.parameter("location"), name: request.parameter("gateway"))
    }

    private func takeReport(_ request: APIRequest) async throws -> Response {
        let id = Self.gateway(request)
        if let owner = request.identity.gateway, owner != id {
            throw Authenticator.forbidden(
                "Token \(request.identity.name) belongs to the gateway \(owner) and may report for no other.")
        }
        let message = try await request.read(GatewayReportMessage.form) { message, _ in message }
        do {
            return try Self.answer(try await gateways.take(message, from: id, by: request.identity.name), to: request)
        } catch let error as BodyError {
            throw APIProblem.invalid(
                error.faults.map { .init(pointer: "#/changes" + $0.pointer.dropFirst(), detail: $0.detail) })
        }
    }

    var healthRoutes: [Route] {
        [
            .get(
                .alive, operation: "isAlive", "ADMIN runs", access: .open, answering: HealthResource.form
            ) { request in try Self.answer(HealthResource(status: "ok"), to: request) },
            .get(
                .ready, operation: "isReady", "ADMIN runs and its database can be read and written", access: .open,
                answering: HealthResource.form, problems: [.serviceUnavailable]
            ) { request in
                try await registry.store.checkReadiness()
                return try Self.answer(HealthResource(status: "ok"), to: request)
            },
        ]
    }

    /// `/openapi.json`, which describes the other routes and itself.
    static func openAPIRoute(describing routes: [Route]) -> Route {
        var route = Route(
            method: .get, path: .description, operation: "describe", summary: "This description", access: .open,
            headers: [.ifNoneMatch], answers: [.json("This description", ["type": "object"]), .notModified],
            handle: { _ in Response(status: .ok) })
        let text = OpenAPIDocument(routes: routes + [route]).json.description
        route.handle = { request in
            guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
                throw notAcceptable([MediaType.json])
            }
            return answer(bytes: .init(text.utf8), mediaType: MediaType.json, to: request)
        }
        return route
    }
}
