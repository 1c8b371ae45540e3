import AdminClient
import Foundation
import HTTPTestSupport
import NIOHTTP1
import Synchronization

/// Stub servers, and a client that knows their addresses in this order.
struct TestConnection: Sendable {
    let servers: [StubServer]
    let admin: AdminConnector
    private let time: Time

    /// Time that stands until it is moved.
    private final class Time: Sendable {
        let now = Mutex(Duration.zero)
    }

    init(
        _ servers: [StubServer], token: TokenSource = .absent, timeout: Duration = .seconds(60),
        more urls: [String] = []
    ) throws {
        self.servers = servers
        let time = Time()
        self.time = time
        let all = urls + servers.map(\.url)
        admin = AdminConnector(
            AdminConnectorSettings(
                addresses: try AdminURLs(all.joined(separator: ",")), token: token, userAgent: "test",
                timeout: timeout),
            clock: AdminConnectorClock(now: { time.now.withLock { $0 } }, jitter: { 1 }))
    }

    func advance(by duration: Duration) { time.now.withLock { $0 += duration } }

    func close() async {
        await admin.shutdown()
        for server in servers { await server.close() }
    }

    /// How many requests came to each server.
    var counts: [Int] { servers.map(\.requests.count) }

    /// Runs `body` with servers that answer as they are told.
    static func with(
        _ answers: [StubServer.Answer], token: TokenSource = .absent, timeout: Duration = .seconds(60),
        more urls: [String] = [], _ body: (TestConnection) async throws -> Void
    ) async throws {
        var servers = [StubServer]()
        for answer in answers { servers.append(try await StubServer { _ in answer }) }
        let connection = try TestConnection(servers, token: token, timeout: timeout, more: urls)
        do {
            try await body(connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}

extension StubServer.Answer {
    /// 200 with JSON.
    static func ok(_ text: String = "[]", ending: StubServer.Ending = .whole) -> Self {
        Self(status: .ok, headers: ["Content-Type": "application/json"], body: Array(text.utf8), ending: ending)
    }

    static let hungUp = Self(status: .ok, ending: .hungUp)
    static let silent = Self(status: .ok, ending: .silent)
}
