import AdminAPI
import AdminClient
import HTTPTestSupport
import NIOHTTP1
import Testing

@Suite struct SeveralAddressesTests {
    /// Nobody listens there.
    private static let nobody = "http://127.0.0.1:9"
    private static let change = AdminRequest.change(.put, .server("app1"), dryRun: false)
    private static let reading = AdminRequest(.get, .servers)

    @Test("where no connection can be made the next address is asked, for a reading and for a change")
    func unreachable() async throws {
        for request in [Self.reading, Self.change] {
            try await TestConnection.with([.ok()], more: [Self.nobody]) { connection in
                let answer = try await connection.admin.send(request)
                #expect(answer.status == 200)
                #expect(connection.counts == [1])
            }
        }
    }

    @Test(
        "a reading, and a dry run, go to the next address where one hangs up or breaks off",
        arguments: [StubServer.Answer.hungUp, .ok(ending: .cutOff)])
    func brokenOff(answer: StubServer.Answer) async throws {
        let dryRun = AdminRequest.change(.post, .apply, dryRun: true)
        for request in [Self.reading, dryRun] {
            try await TestConnection.with([answer, .ok("[1]")]) { connection in
                let answer = try await connection.admin.send(request)
                #expect(answer.body == Array("[1]".utf8))
                #expect(connection.counts == [1, 1])
            }
        }
    }

    @Test("a reading goes to the next address where one does not answer, or not to the end, in time")
    func timedOut() async throws {
        for answer in [StubServer.Answer.silent, .ok(ending: .stalled)] {
            try await TestConnection.with([answer, .ok("[1]")], timeout: .seconds(2)) { connection in
                let answer = try await connection.admin.send(Self.reading)
                #expect(answer.body == Array("[1]".utf8))
                #expect(connection.counts == [1, 1])
            }
        }
    }

    @Test(
        "a change that ADMIN may have got is sent to nobody else",
        arguments: [StubServer.Answer.hungUp, .silent, .ok(ending: .cutOff), .ok(ending: .stalled)])
    func changeOnce(answer: StubServer.Answer) async throws {
        try await TestConnection.with([answer, .ok()], timeout: .seconds(2)) { connection async throws in
            let error = await #expect(throws: TransportError.self) { try await connection.admin.send(Self.change) }
            #expect(error?.mayHaveArrived == true)
            #expect(connection.counts == [1, 0])
            // The address failed all the same: what is asked next goes to the other.
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(connection.counts == [1, 1])
        }
    }

    @Test("an answer is an answer, whatever its status: no other address is asked")
    func answered() async throws {
        try await TestConnection.with([StubServer.Answer(status: .serviceUnavailable), .ok()]) { connection in
            let answer = try await connection.admin.send(Self.reading)
            #expect(answer.status == 503)
            #expect(connection.counts == [1, 0])
        }
    }

    @Test("the address that answered is asked again, over the same connection; one that failed is not asked any more")
    func staying() async throws {
        try await TestConnection.with([.hungUp, .ok()]) { connection in
            for _ in 0..<5 { _ = try await connection.admin.send(Self.reading) }
            #expect(connection.counts == [1, 5])
            #expect(connection.servers[1].connectionCount == 1)
            connection.advance(by: .seconds(100))
            _ = try await connection.admin.send(Self.reading)
            #expect(connection.counts == [1, 6])
        }
    }

    @Test("one that failed is asked again when its rest is over, and at once when no other answers")
    func back() async throws {
        try await TestConnection.with([.ok(), .ok()]) { connection async throws in
            let (first, second) = (connection.servers[0], connection.servers[1])
            first.answer { _ in .hungUp }
            second.answer { _ in .hungUp }
            await #expect(throws: TransportError.self) { try await connection.admin.send(Self.reading) }
            #expect(connection.counts == [1, 1])
            // Both rest: one of them is tried.
            first.answer { _ in .ok() }
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(connection.counts == [2, 1])
            first.answer { _ in .hungUp }
            second.answer { _ in .ok() }
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(connection.counts == [3, 2])
        }
    }

    @Test("an error of several addresses names them all")
    func allAway() async throws {
        let other = "http://127.0.0.1:1"
        try await TestConnection.with([], more: [Self.nobody, other]) { connection in
            let error = try #require(
                await #expect(throws: TransportError.self) { try await connection.admin.send(Self.change) })
            #expect(error.kind == .unreachable && !error.mayHaveArrived)
            #expect(error.address.description == other && error.reason == "connection refused")
            #expect(error.earlierText == "; before that \(Self.nobody): connection refused")
        }
    }

    @Test("with several addresses less time is spent on a connection, so that the next one has some")
    func connectLimit() throws {
        var settings = AdminConnectorSettings(
            addresses: try AdminURLs("http://a"), userAgent: "test", timeout: .seconds(60))
        #expect(settings.connectLimit == .seconds(10))
        settings.addresses = try AdminURLs("http://a http://b")
        #expect(settings.connectLimit == .seconds(5))
        settings.timeout = .seconds(4)
        #expect(settings.connectLimit == .seconds(2))
        settings.addresses = try AdminURLs("http://a")
        #expect(settings.connectLimit == .seconds(4))
    }
}
