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
    var crashDumpRoutes: [Route] {
        let path = APIPath.dump(of: "{crash}", onServer: "{server}")
        return [
            Route(
                method: .get, path: .dump(of: "{crash}", in: "{fingerprint}"), operation: "readDump",
                summary: "The dump of a crash, which its node is asked for", access: .log,
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The dump, as the debugger wrote it",
                        content: [(MediaType.text, ["type": "string"])], headers: [.vary])
                ], problems: [.conflict]
            ) { request in try await dump(request) },
            Route(
                method: .put, path: path, operation: "deliverDump",
                summary: "A dump that is wanted; a node calls it", access: .server,
                body: Route.Body(mediaType: MediaType.text, schema: ["type": "string"], limit: Limits.crashDump),
                answers: [Route.Answer(status: .noContent, summary: "It was passed on", content: [])],
                problems: [.conflict]
            ) { request in
                let (server, crash) = (request.parameter("server"), request.parameter("crash"))
                try Self.requireOwn(server, request)
                _ = try await registry.state().cloud.server(server)
                await nodes.hear(server)
                let unwanted = APIProblem(
                    .conflict, "Nobody waits for the dump \(crash.shownName()) of the server \(server) now.")
                guard await nodes.dumps.isWanted(crash, of: server) else { throw unwanted }
                let bytes = try await request.bytes()
                guard await nodes.dumps.take(.dump(bytes), of: crash, from: server) else { throw unwanted }
                return Response(status: .noContent, headers: [.cacheControl: "no-store"])
            },
            Route(
                method: .delete, path: path, operation: "forgetDump",
                summary: "The server has no dump of a crash any more; a node calls it", access: .server,
                answers: [Route.Answer(status: .noContent, summary: "It was noted", content: [])]
            ) { request in
                let (server, crash) = (request.parameter("server"), request.parameter("crash"))
                try Self.requireOwn(server, request)
                _ = try await registry.state().cloud.server(server)
                await nodes.hear(server)
                guard WantedDump.isID(crash) else { throw ChangeError.missing("crash \(crash.shownName())") }
                try await registry.forgetDump(of: crash, on: server)
                await nodes.dumps.take(.gone, of: crash, from: server)
                return Response(status: .noContent, headers: [.cacheControl: "no-store"])
            },
        ]
    }

    private func dump(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.text]) != nil else {
            throw Self.notAcceptable([MediaType.text])
        }
        let crash = try await visibleCrash(request)
        try await requireReachable(crash)
        let id = crash.report.id
        do {
            try await nodes.dumps.begin(id, on: crash.server)
        } catch .unable {
            throw APIProblem(
                .conflict,
                "The node of \(crash.server) is of a version that sends no dumps: upgrade portcullis-node there.")
        } catch .full(let limit) {
            throw APIProblem(
                .serviceUnavailable, "\(limit) dumps are being fetched, which is the limit.",
                headers: [.retryAfter: "\(Limits.dumpSeconds)"])
        }
        let answer: Result<Response, any Error>
        do {
            answer = .success(try await fetched(crash, request))
        } catch {
            answer = .failure(error)
        }
        await nodes.dumps.end(id)
        return try answer.get()
    }

    /// Throws if there is no dump, or nobody who could send it.
    private func requireReachable(_ crash: StoredCrash) async throws {
        guard crash.report.dumpSize > 0 else { throw Self.noDump(crash) }
        guard try await registry.state().cloud.servers[crash.server] != nil else {
            throw APIProblem.notFound("server \(crash.server) any more, which had the dump")
        }
        if let absence = try await absence(of: crash.server, askedFor: 0) { throw absence }
    }

    /// Why nothing is to be expected of a node; `nil`: something is.
    ///
    /// - Parameter seconds: how long it has been asked already.
    private func absence(of server: String, askedFor seconds: Int) async throws -> APIProblem? {
        let presence = await nodes.presence(of: server)
        // A poll that is held has no age. Whoever is between two polls comes back soon.
        let isAway = min(Double(seconds), presence.age ?? 0) >= Double(Limits.dumpSilence)
        let isLost = try await registry.state().cloud.lostServers[server] != nil
        guard presence.state != .present || isAway || isLost else { return nil }
        let silence = presence.age.map { "for \(Int($0)) s" } ?? "since ADMIN was started"
        return APIProblem(
            .serviceUnavailable, "Nothing was heard of the node of \(server) \(silence), and the dump is there.",
            headers: [.retryAfter: "\(Limits.dumpSeconds)"])
    }

    /// Returns when the node has answered, or is away; otherwise like `DumpWishes.answer`.
    private func answer(_ crash: StoredCrash, since start: ContinuousClock.Instant, tokens: Int) async
        -> TagWaiters.Wake
    {
        await withTaskGroup(of: TagWaiters.Wake.self) { group in
            group.addTask { await nodes.dumps.answer(of: crash.report.id, tokens: tokens) }
            group.addTask {
                repeat {
                    guard (try? await Task.sleep(for: .seconds(1))) != nil else { return .change }
                } while (try? await absence(of: crash.server, askedFor: Self.seconds(since: start))) == nil
                return .change
            }
            let first = await group.next() ?? .change
            group.cancelAll()
            return first
        }
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Int {
        Int((ContinuousClock.now - start).components.seconds)
    }

    private static func noDump(_ crash: StoredCrash) -> APIProblem {
        let why = crash.report.problem.map { ": \($0.printable)" } ?? ", or has removed it"
        return APIProblem(.notFound, "The node of \(crash.server) keeps no dump of the crash \(crash.report.id)\(why).")
    }

    /// The dump that the node sends in time.
    private func fetched(_ crash: StoredCrash, _ request: APIRequest) async throws -> Response {
        let start = ContinuousClock.now
        var poll = ConditionalPoll(request)
        _ = try await poll.hold(request, seconds: Limits.dumpSeconds) { tokens in
            await answer(crash, since: start, tokens: tokens)
        }
        return try await poll.afterwards {
            switch await nodes.dumps.outcome(of: crash.report.id) {
            case .dump(let bytes):
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: MediaType.text, .cacheControl: "no-store", .vary: APIHeader.accept,
                        .connection: "close",
                    ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            case .gone: throw Self.noDump(crash)
            case nil:
                if let absence = try await absence(of: crash.server, askedFor: Self.seconds(since: start)) {
                    throw absence
                }
                throw APIProblem(
                    .serviceUnavailable,
                    "The node of \(crash.server) has not sent the dump within \(Limits.dumpSeconds) seconds.",
                    headers: [.retryAfter: "\(Limits.dumpSeconds)"])
            }
        }
    }
}

extension HTTPField.Name {
    static let portcullisDumps = Self(NodeHeader.dumps)!
}
