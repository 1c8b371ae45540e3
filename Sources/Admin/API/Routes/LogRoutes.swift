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
    var logRoutes: [Route] {
        [
            Route(
                method: .get, path: .log(of: "{service}"), operation: "readServiceLog",
                summary: "The log of a service on its server: the last lines, then what follows", access: .log,
                query: [
                    Route.Parameter(
                        name: QueryParameter.lines, summary: "How many of the last lines it begins with",
                        schema: ["type": "integer", "minimum": 0, "maximum": .integer(Limits.logLines), "default": 20]),
                    Route.Parameter(
                        name: QueryParameter.after, summary: "`next` of the answer before: only what follows it",
                        schema: ["type": "string", "maxLength": 300]),
                ],
                headers: [.ifNoneMatch, .prefer("the log", "; without If-None-Match, until there is some of it")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "What there is of it",
                        content: [(MediaType.json, ServiceLog.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ], problems: [.conflict, .serviceUnavailable, .unprocessableContent]
            ) { request in try await serviceLog(request) },
            Route(
                method: .post, path: .logs(ofServer: "{server}"), operation: "deliverLogs",
                summary: "Pieces of logs that are wanted, and the question which are; a node calls it", access: .server,
                body: Route.jsonBody(LogDelivery.form, atMost: Limits.logDelivery),
                answers: [.result("What is wanted now", WantedLogs.form.schema)]
            ) { request in
                let server = request.parameter("server")
                try Self.requireOwn(server, request)
                _ = try await registry.state().cloud.server(server)
                let delivery = try await request.read(LogDelivery.form) { delivery, _ in delivery }
                await nodes.hear(server)
                return Self.result(await nodes.logs.take(delivery, from: server))
            },
        ]
    }

    private func serviceLog(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw Self.notAcceptable([MediaType.json])
        }
        let lines = try request.integer(QueryParameter.lines, in: 0...Limits.logLines, default: 20)
        let cursor = try request.query[QueryParameter.after].map { text in
            guard let cursor = LogCursor(text) else {
                throw APIProblem.invalid([
                    .init(pointer: "?\(QueryParameter.after)", detail: "`next` of an answer before is expected")
                ])
            }
            return cursor
        }
        let state = try await registry.state(seen: request.look?.position.commit)
        let server = try Self.serverOfLog(request, state, cursor)
        let name = request.parameter("service")
        let start: LogCursor
        do {
            start = try await nodes.logs.begin(name, on: server, lines: lines, after: cursor)
        } catch {
            throw APIProblem(
                .serviceUnavailable,
                "\(error.limit) logs are followed, which is the limit; one ends \(Limits.logRest) seconds after its "
                    + "last reader.", headers: [.retryAfter: "\(Limits.logRest)"])
        }
        let answer: Result<Response, any Error>
        do {
            answer = .success(try await self.answer(request, name, server, start, isFirst: cursor == nil))
        } catch {
            answer = .failure(error)
        }
        await nodes.logs.end(start)
        return try answer.get()
    }

    /// The server where a service's log is. Throws when the token's scope excludes the service, when no node runs it, or
    /// when it is elsewhere than the cursor says.
    private static func serverOfLog(
        _ request: APIRequest, _ state: RegistryState, _ cursor: LogCursor?
    ) throws -> String {
        let service = try state.cloud.service(request.parameter("service"))
        let (scope, location) = (request.identity.scope, state.cloud.servers[service.server]?.location)
        guard scope.includes(type: service.type), location.map(scope.includes(location:)) ?? scope.locations.isEmpty
        else {
            throw Authenticator.forbidden("The token \(request.identity.name) is for \(scope) only.")
        }
        if let cursor, !cursor.server.isExactly(service.server) {
            throw APIProblem(
                .conflict,
                "The service \(service.name) has moved from \(cursor.server) to \(service.server), where its log goes on."
            )
        }
        guard service.installation != nil else {
            throw APIProblem(
                .conflict, "The service \(service.name) has no version: no node runs it, or has a log of it.")
        }
        return service.server
    }

    private func answer(
        _ request: APIRequest, _ service: String, _ server: String, _ start: LogCursor, isFirst: Bool
    ) async throws -> Response {
        let logs = nodes.logs
        let reading = await logs.read(after: start)
        let now = try await serviceLog(service, server, reading)
        var bytes = now.jsonBytes
        var poll = ConditionalPoll(request)
        let change = { @Sendable (tokens: Int) in await logs.change(after: reading, tokens: tokens) }
        var commit: CommitID?
        if poll.willHold(knowing: EntityTag.of(bytes)) {
            commit = try await poll.hold(request, knowing: EntityTag.of(bytes)) { _, tokens in await change(tokens) }
        } else if now.parts.isEmpty, !isFirst || now.state == .waiting {
            commit = try await poll.holdUntilExistence(request, change)
        }
        if poll.wasHeld {
            bytes = try await poll.afterwards {
                _ = try Self.serverOfLog(request, try await registry.state(seen: commit), start)
                return try await serviceLog(service, server, await logs.read(after: start)).jsonBytes
            }
        }
        return poll.answer(tag: EntityTag.of(bytes), headers: [.contentType: MediaType.json]) {
            ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        }
    }

    private func serviceLog(
        _ service: String, _ server: String, _ reading: LogWishes.Reading
    ) async throws -> ServiceLog {
        let isHeard = await nodes.presence(of: server).state == .present
        return ServiceLog(
            service: service, server: server, state: isHeard ? reading.state : .silent, parts: reading.parts,
            isComplete: reading.isComplete, next: reading.next.text)
    }
}

extension HTTPField.Name {
    static let portcullisLogs = Self(NodeHeader.logs)!
}
