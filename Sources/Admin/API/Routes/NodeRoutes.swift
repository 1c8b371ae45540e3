import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Text

extension RouteTable {
    var nodeRoutes: [Route] {
        [
            nodeList.route(in: self),
            Route(
                method: .get, path: .assignments(of: "{server}"), operation: "readAssignments",
                summary: "What a server is to have and to run; its node polls it", access: .assignments,
                headers: [
                    .ifNoneMatch, .prefer("the assignments", "; or logs or dumps are wanted"), .knownLogs, .knownDumps,
                ],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The assignments",
                        content: [(MediaType.json, Assignments.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied, .wantedLogs, .wantedDumps, .wantedReport]),
                    Route.Answer(
                        status: .notModified, summary: "If-None-Match holds", content: [],
                        headers: [.eTag, .vary, .preferenceApplied, .wantedLogs, .wantedDumps, .wantedReport]),
                ]
            ) { request in try await assignments(request) },
            Route(
                method: .post, path: .report(ofServer: "{server}"), operation: "reportServer",
                summary: "A node's report: the whole one, or what has changed since the last; a node calls it",
                access: .server,
                body: Route.jsonBody(ServerReportMessage.form, atMost: Limits.serverReport),
                answers: [
                    Route.Answer(
                        status: .ok, summary: "Whether the next report must be a whole one",
                        content: [(MediaType.json, ReportAnswer.form.schema)])
                ]
            ) { request in try await takeServerReport(request) },
            .get(
                .node(of: "{server}"), operation: "readNode",
                "What a server's node tells, and in which ways the server differs from its assignments",
                answering: NodeDetail.form
            ) { request in
                try Self.answer(
                    try await nodes.detail(request.parameter("server"), in: try await registry.state()), to: request)
            },
            Route(
                method: .delete, path: .node(of: "{server}"), operation: "removeNode",
                summary: "Take away the tokens of a server and of its services; what runs there goes on",
                access: .admin, query: [.dryRun], answers: [.changedList]
            ) { request in
                let server = request.parameter("server")
                _ = try await registry.state().cloud.server(server)
                let names = try await registry.tokens.removeTokens(
                    of: server, by: request.identity.name, dryRun: request.isDryRun)
                if !request.isDryRun { await nodes.forget(server) }
                return Self.report(
                    ChangeReport(changes: names.map { .init(action: .delete, kind: .token, name: $0) }, export: []))
            },
            Route(
                method: .delete, path: .service("{service}", on: "{server}"), operation: "purgeService",
                summary: "Have a server remove the directory of a service that has left it, with its data",
                access: .admin, query: [.dryRun], answers: [.changedList]
            ) { request in
                let (server, service) = (request.parameter("server"), request.parameter("service"))
                let outcome = try await registry.write(by: request.identity.author, dryRun: request.isDryRun) {
                    cloud, _ in try cloud.purge(service, on: server)
                }
                return try Self.report(outcome, to: request)
            },
        ]
    }

    /// Throws a 403 if the token is of another server.
    static func requireOwn(_ server: String, _ request: APIRequest) throws {
        guard request.identity.role == .server, request.identity.server != server else { return }
        throw Authenticator.forbidden(
            "Token \(request.identity.name) belongs to the server \(request.identity.server ?? "") and counts for no other."
        )
    }

    private func assignments(_ request: APIRequest) async throws -> Response {
        let server = request.parameter("server")
        try Self.requireOwn(server, request)
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw Self.notAcceptable([MediaType.json])
        }
        let file = try Self.assignments(of: server, in: try await registry.state(seen: request.look?.position.commit))
        // Without tokens a node has none either.
        guard request.identity.role == .server || request.identity == .anonymous else {
            return try await answer(request, server, file, mayHold: true, knownLogs: nil, knownDumps: nil).response
        }
        let hasFile = Preconditions.ifNoneMatch(request.headers)?.matchesWeakly(file.etag) == true
        let known = request.headers[.portcullisLogs]
        let isFirst = await nodes.begin(server, confirming: hasFile ? file.document : nil)
        // Without tokens, somebody else may ask as well.
        if known != nil || request.identity.role == .server { await nodes.logs.polled(by: server, knowing: known) }
        let dumps = request.headers[.portcullisDumps]
        if dumps != nil || request.identity.role == .server { await nodes.dumps.polled(by: server, knowing: dumps) }
        let answer: Result<(response: Response, file: AssignmentSet.File), any Error>
        do {
            // A node that was heard of before ADMIN started is to learn at once that its report is wanted.
            answer = .success(
                try await self.answer(
                    request, server, file, mayHold: !isFirst, knownLogs: known, knownDumps: dumps))
        } catch {
            answer = .failure(error)
        }
        await nodes.end(server, answering: try? answer.get().file.document)
        var response = try answer.get().response
        response.headers[.portcullisLogs] = await nodes.logs.wishes(for: server)
        response.headers[.portcullisDumps] = await nodes.dumps.wishes(for: server)
        if await !nodes.hasReport(of: server) { response.headers[.portcullisReport] = "wanted" }
        return response
    }

    /// - Parameters:
    ///   - mayHold: whether the answer may wait for something new.
    ///   - knownLogs: the wishes for logs that the node knows; `nil`: it is not told of any.
    ///   - knownDumps: likewise the wishes for dumps.
    private func answer(
        _ request: APIRequest, _ server: String, _ file: AssignmentSet.File, mayHold: Bool, knownLogs: String?,
        knownDumps: String?
    ) async throws -> (response: Response, file: AssignmentSet.File) {
        var file = file
        var poll = ConditionalPoll(request, mayWait: mayHold)
        let commit = try await poll.hold(request, knowing: file.etag) {
            [changes = registry.assignmentChanges, logs = nodes.logs, dumps = nodes.dumps] known, tokens in
            await withTaskGroup(of: TagWaiters.Wake.self) { group in
                group.addTask { await changes.change(of: server, tokens: tokens) { known.matchesWeakly($0) } }
                if let knownLogs {
                    group.addTask { await logs.news(for: server, knowing: knownLogs, tokens: tokens) }
                }
                if let knownDumps {
                    group.addTask { await dumps.news(for: server, knowing: knownDumps, tokens: tokens) }
                }
                let first = await group.next() ?? .change
                group.cancelAll()
                return first
            }
        }
        if poll.wasHeld {
            file = try await poll.afterwards {
                try Self.assignments(of: server, in: try await registry.state(seen: commit))
            }
        }
        let response = poll.answer(tag: file.etag, headers: [.contentType: MediaType.json]) {
            ResponseBody(byteBuffer: file.bytes)
        }
        return (response, file)
    }

    private static func assignments(of server: String, in state: RegistryState) throws -> AssignmentSet.File {
        guard let file = state.assignments.byServer[server] else {
            throw ChangeError.missing("server \(server.shownName())")
        }
        return file
    }

    private func takeServerReport(_ request: APIRequest) async throws -> Response {
        let server = request.parameter("server")
        try Self.requireOwn(server, request)
        let message = try await request.read(ServerReportMessage.form) { message, _ in message }
        do {
            let answer = try await nodes.take(message, from: server, by: request.identity.name)
            return Response(
                status: .ok, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.jsonBytes)))
        } catch let error as BodyError {
            throw APIProblem.invalid(
                error.faults.map { .init(pointer: "#/changes" + $0.pointer.dropFirst(), detail: $0.detail) })
        }
    }
}

extension Route.Parameter {
    static let knownLogs = Self(
        name: NodeHeader.logs, summary: "The wishes for logs that the node knows, or 0: it is told of others",
        schema: ["type": "string"])
    static let wantedLogs = Self(
        name: NodeHeader.logs, summary: "Logs are wanted; a delivery of logs tells which", schema: ["type": "string"])
    static let knownDumps = Self(
        name: NodeHeader.dumps, summary: "The wishes for dumps that the node knows, or none: it is told of others",
        schema: ["type": "string"])
    static let wantedDumps = Self(
        name: NodeHeader.dumps, summary: "The dumps of crashes that are wanted: ID.NUMBER, with spaces between them",
        schema: ["type": "string"])
    static let wantedReport = Self(
        name: NodeHeader.report, summary: "ADMIN has no report of this node", schema: ["type": "string"])
}

extension HTTPField.Name {
    fileprivate static let portcullisReport = Self(NodeHeader.report)!
}
