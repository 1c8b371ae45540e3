import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Names
import Registry
import Text

extension RouteTable {
    var linkRoutes: [Route] {
        [
            linkList.route(in: self),
            Route(
                method: .get, path: .orders(of: "{service}"), operation: "readOrders",
                summary: "What a service's master is to have and to do; the master polls it", access: .orders,
                headers: [.ifNoneMatch, .preferOrders],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The orders", content: [(MediaType.json, ServiceOrders.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ]
            ) { request in try await orders(request) },
            Route(
                method: .post, path: .report(ofService: "{service}"), operation: "reportService",
                summary: "A master's report: the whole one, or what has changed since the last; a master calls it",
                access: .master, body: Route.jsonBody(ServiceReportMessage.form, atMost: Limits.serviceReport),
                answers: [
                    .result("Whether the next report must be a whole one", ReportAnswer.form.schema)
                ]
            ) { request in try await takeServiceReport(request) },
            .get(
                .link(of: "{service}"), operation: "readLink", "The link of a service's master, with its workers",
                answering: LinkResource.form
            ) { request in
                let service = request.parameter("service")
                guard let link = try await nodes.links.resource(of: service, in: try await registry.state()) else {
                    throw ChangeError.missing("link of the service \(service.shownName())")
                }
                return try Self.answer(link, to: request)
            },
        ]
    }

    /// The links of which something was heard since ADMIN started.
    private var linkList: ResourceList<LinkResource, LinkResource> {
        ResourceList(
            path: .links, operation: "listLinks",
            summary: "The links of services' masters of which ADMIN has heard since it started, with their workers",
            thing: .links, name: { "\($0.service)/\($0.server)" },
            filters: [
                .filter(QueryParameter.service, "That of a service"), .filter(QueryParameter.type, "Those of a type"),
                .filter(QueryParameter.server, "Those on a server"),
                .filter(QueryParameter.state, "Those in a state", LinkResource.State.self),
                .filter(
                    QueryParameter.configuration, "Those whose configuration is so",
                    LinkResource.ConfigurationState.self),
            ],
            orders: [
                .init(name: "service") { $0.key() }, .init(name: "server") { $0.key(after: .text($0.server)) },
                .init(name: "state") { $0.key(after: .text($0.state.rawValue)) },
            ],
            elements: { request in
                let wanted = try request.choice(QueryParameter.state, of: LinkResource.State.self)
                let configuration = try request.choice(
                    QueryParameter.configuration, of: LinkResource.ConfigurationState.self)
                let registryState = try await registry.state()
                return await nodes.links.resources(in: registryState).filter { link in
                    request.allows(QueryParameter.service, link.service)
                        && request.allows(QueryParameter.type, ServiceName(link.service)?.type)
                        && request.allows(QueryParameter.server, link.server)
                        && (wanted.map { $0 == link.state } ?? true)
                        && (configuration.map { $0 == link.configurationState } ?? true)
                }
            }, resource: { $0 })
    }

    // MARK: Orders

    private func orders(_ request: APIRequest) async throws -> Response {
        let service = request.parameter("service")
        try Self.requireOwn(service: service, request)
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw Self.notAcceptable([MediaType.json])
        }
        let state = try await registry.state(seen: request.look?.position.commit)
        try Self.requireOnServer(service, request, state)
        var orders = try EncodedOrders(state.orders(of: service, on: request.identity.server))
        // Others may look at orders; only a master's own requests are signs of its life.
        if let server = try Self.server(ofMaster: service, request, state) {
            await nodes.links.hear(service, on: server)
        }
        let stamp = state.orders.stamps[service]
        var poll = ConditionalPoll(request, shortWait: Limits.linkPoll)
        let commit = try await poll.hold(request, knowing: orders.tag) { [changes = registry.orderChanges] _, tokens in
            await changes.change(of: service, tokens: tokens) { $0 == stamp }
        }
        if poll.wasHeld {
            orders = try await poll.afterwards {
                let state = try await registry.state(seen: commit)
                try Self.requireOnServer(service, request, state)
                return try EncodedOrders(state.orders(of: service, on: request.identity.server))
            }
        }
        return poll.answer(tag: orders.tag, caching: "no-store", headers: [.contentType: MediaType.json]) {
            ResponseBody(byteBuffer: ByteBuffer(bytes: orders.bytes))
        }
    }

    /// Throws a 403 if the token is of another service.
    private static func requireOwn(service: String, _ request: APIRequest) throws {
        guard request.identity.role == .service, request.identity.service != service else { return }
        throw Authenticator.forbidden(
            "Token \(request.identity.name) is of the service \(request.identity.service ?? ""), and counts for no other."
        )
    }

    /// The server of the master that sends a request: that of its token. Without tokens a master has none either, and is
    /// where its service is. `nil`: a master does not send it.
    private static func server(
        ofMaster service: String, _ request: APIRequest, _ state: RegistryState
    ) throws -> String? {
        if request.identity == .anonymous { return try state.cloud.service(service).server }
        return request.identity.role == .service ? request.identity.server : nil
    }

    // MARK: Reports

    private func takeServiceReport(_ request: APIRequest) async throws -> Response {
        let service = request.parameter("service")
        try Self.requireOwn(service: service, request)
        let state = try await registry.state(seen: request.look?.position.commit)
        let own = try state.cloud.service(service).server
        guard let server = request.identity.role == .service ? request.identity.server : own else {
            throw Authenticator.forbidden(
                "Token \(request.identity.name) is bound to no server: a master has the token that its node asked for.")
        }
        try Self.requireOnServer(service, request, state)
        let message = try await request.read(ServiceReportMessage.form) { message, _ in message }
        do {
            return Self.result(
                try await nodes.links.take(message, from: service, on: server, by: request.identity.name))
        } catch let error as BodyError {
            throw APIProblem.invalid(
                error.faults.map { .init(pointer: "#/changes" + $0.pointer.dropFirst(), detail: $0.detail) })
        }
    }
}

/// Orders as they are sent.
private struct EncodedOrders: Sendable {
    let bytes: [UInt8]
    let tag: String

    init(_ orders: ServiceOrders) {
        bytes = orders.jsonBytes
        tag = EntityTag.of(bytes)
    }
}

extension LinkResource {
    /// Services in the order of their names, and of one that moves in that of its servers.
    fileprivate func key(after first: SortKey.Part...) -> SortKey {
        let name = ServiceName(service)
        var key = SortKey(.text(name?.type ?? service), .number(name?.index ?? 0), .text(server))
        key.parts = first + key.parts
        return key
    }
}

extension Route.Parameter {
    fileprivate static let preferOrders = Self(
        name: APIHeader.prefer,
        summary: "wait=N: hold the answer until the orders differ, at most N (\(Limits.linkPoll)) seconds",
        schema: ["type": "string"])
}
