import AdminAPI
import AdminClient
import HTTPTestSupport
import NIOHTTP1
import Synchronization
import Testing

@Suite struct ConnectorTests {
    private static let reading = AdminRequest(.get, .servers)

    @Test("what a request has is what is sent")
    func request() async throws {
        try await TestConnection.with([.ok()], token: .value("abc")) { connection in
            var request = AdminRequest.change(.put, .server("app1"), dryRun: true)
            request.body = .init(contentType: MediaType.yaml, bytes: Array("a: b".utf8))
            request.onlyWhenAbsent = true
            request.add(GatewayHeader.name, "gw1")
            _ = try await connection.admin.send(request)
            let sent = try #require(connection.servers[0].requests.first)
            #expect(sent.method == .PUT && sent.uri == "/v1/servers/app1?dry_run=true")
            #expect(sent.headers["Authorization"] == ["Bearer abc"])
            #expect(sent.headers["Accept"] == ["application/json"])
            #expect(sent.headers["User-Agent"] == ["test"])
            #expect(sent.headers["If-None-Match"] == ["*"])
            #expect(sent.headers["Content-Type"] == ["application/yaml"])
            #expect(sent.headers["Portcullis-Gateway"] == ["gw1"])
            #expect(sent.headers["Content-Length"] == ["4"])
            #expect(!sent.headers.contains(name: "Prefer"))
        }
    }

    @Test("a held poll names what is at hand and how long the answer may be held, and tells whether it was")
    func heldPoll() async throws {
        let answer = StubServer.Answer(
            status: .notModified, headers: ["ETag": "\"b\"", "Preference-Applied": "wait=20"])
        try await TestConnection.with([answer]) { connection in
            var poll = Self.reading
            poll.known = ["\"a\"", "\"b\""]
            poll.wait = 20
            let answer = try await connection.admin.send(poll)
            #expect(answer.isUnchanged && answer.wasHeld && answer.eTag == "\"b\"" && answer.body.isEmpty)
            let sent = try #require(connection.servers[0].requests.first)
            #expect(sent.headers["If-None-Match"] == ["\"a\", \"b\""])
            #expect(sent.headers["Prefer"] == ["wait=20"])
        }
    }

    @Test("the time limit grows by the time that the answer may be held")
    func heldTime() throws {
        let settings = AdminConnectorSettings(
            addresses: try AdminURLs("http://a"), userAgent: "test", timeout: .seconds(10))
        var poll = Self.reading
        #expect(settings.timeLimit(of: poll) == .seconds(10))
        poll.wait = 30
        #expect(settings.timeLimit(of: poll) == .seconds(40))
        // A limit of its own only shortens it.
        poll.timeout = .seconds(2)
        #expect(settings.timeLimit(of: poll) == .seconds(32))
        poll.timeout = .seconds(60)
        #expect(settings.timeLimit(of: poll) == .seconds(40))
    }

    @Test("many polls need one connection")
    func keptConnection() async throws {
        try await TestConnection.with([StubServer.Answer(status: .notModified)]) { connection in
            for _ in 0..<20 { _ = try await connection.admin.send(Self.reading) }
            connection.servers[0].answer { _ in .ok("[1]") }
            for _ in 0..<20 { _ = try await connection.admin.send(Self.reading) }
            connection.servers[0].answer { _ in StubServer.Answer(status: .notFound, body: [1, 2, 3]) }
            for _ in 0..<20 { _ = try await connection.admin.send(Self.reading) }
            #expect(connection.servers[0].connectionCount == 1)
        }
    }

    @Test("a redirect is an answer, and is not followed", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) async throws {
        try await TestConnection.with([.ok()], token: .value("secret")) { connection in
            let redirect = StubServer.Answer(
                status: HTTPResponseStatus(statusCode: status), headers: ["Location": connection.servers[0].url])
            try await TestConnection.with([redirect], token: .value("secret")) { redirected in
                let answer = try await redirected.admin.send(Self.reading)
                #expect(answer.status == status && answer.field(APIHeader.location) == connection.servers[0].url)
            }
            #expect(connection.counts == [0])
        }
    }

    @Test("an answer that is larger than allowed is an error, whether it says its size or not")
    func sizeLimit() async throws {
        var request = Self.reading
        request.limit = 5
        try await TestConnection.with([.ok("12345")]) { connection in
            let answer = try await connection.admin.send(request)
            #expect(answer.body.count == 5)
            connection.servers[0].answer { _ in .ok("123456") }
            var error = await #expect(throws: TransportError.self) { try await connection.admin.send(request) }
            #expect(error?.kind == .tooLarge && error?.isReceiving == true)
            connection.servers[0].answer { _ in
                var answer = StubServer.Answer.ok("123456")
                answer.hasLength = false
                return answer
            }
            error = await #expect(throws: TransportError.self) { try await connection.admin.send(request) }
            #expect(error?.kind == .tooLarge)
        }
    }

    @Test("an error's status is told even where its content is too large or breaks off")
    func errorContent() async throws {
        var request = Self.reading
        request.problemLimit = 5
        let answer = { @Sendable in StubServer.Answer(status: .forbidden, body: Array("123456".utf8), ending: $0) }
        try await TestConnection.with([answer(.whole)]) { connection in
            var told = try await connection.admin.send(request)
            #expect(told.status == 403 && told.body.isEmpty)
            request.problemLimit = 1_000
            #expect(try await connection.admin.send(request).body.count == 6)
            connection.servers[0].answer { _ in answer(.cutOff) }
            told = try await connection.admin.send(request)
            #expect(told.status == 403 && told.body.isEmpty)
        }
    }

    @Test("no answer, or not all of it, in time", arguments: [StubServer.Answer.silent, .ok(ending: .stalled)])
    func deadline(answer: StubServer.Answer) async throws {
        try await TestConnection.with([answer], timeout: .milliseconds(200)) { connection in
            let start = ContinuousClock.now
            let error = await #expect(throws: TransportError.self) { try await connection.admin.send(Self.reading) }
            #expect(error?.kind == .timedOut && error?.mayHaveArrived == true)
            #expect(ContinuousClock.now - start >= .milliseconds(200))
        }
    }

    @Test("an answer that ends without an answer is told apart from one that breaks off")
    func brokenOff() async throws {
        try await TestConnection.with([.hungUp]) { connection in
            var error = await #expect(throws: TransportError.self) { try await connection.admin.send(Self.reading) }
            #expect(error?.kind == .closed && error?.isReceiving == false)
            connection.servers[0].answer { _ in .ok(ending: .cutOff) }
            error = await #expect(throws: TransportError.self) { try await connection.admin.send(Self.reading) }
            #expect(error?.isReceiving == true)
        }
    }

    @Test("a request that is cancelled is no failure of ADMIN")
    func cancelled() async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        try await TestConnection.with([.silent]) { connection in
            connection.servers[0].answer { _ in
                arrival.yield()
                return .silent
            }
            let admin = connection.admin
            let task = Task { try await admin.send(Self.reading) }
            _ = await arrivals.first { true }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("that an answer is on its way is told from its head to its end, of one without content not at all")
    func receiving() async throws {
        let told = Mutex<[Bool]>([])
        try await TestConnection.with([.ok()]) { connection in
            _ = try await connection.admin.send(Self.reading) { isReceiving in told.withLock { $0.append(isReceiving) }
            }
            #expect(told.withLock { $0 } == [true, false])
            connection.servers[0].answer { _ in .ok(ending: .cutOff) }
            _ = try? await connection.admin.send(Self.reading) { isReceiving in
                told.withLock { $0.append(isReceiving) }
            }
            #expect(told.withLock { $0 } == [true, false, true, false])
            connection.servers[0].answer { _ in StubServer.Answer(status: .notModified) }
            _ = try await connection.admin.send(Self.reading) { isReceiving in told.withLock { $0.append(isReceiving) }
            }
            #expect(told.withLock(\.count) == 4)
        }
    }
}
