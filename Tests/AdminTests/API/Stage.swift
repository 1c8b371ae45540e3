import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Names
import NIOCore
import Registry
import RegistryTestSupport
import Synchronization
import TestSupport

@testable import Admin
// For the initializer of TestResponse.
@testable import HummingbirdTesting

/// ADMIN on a temporary database, and a client of it.
struct Stage: Sendable {
    let registry: Registry
    let gateways: GatewayRoster
    let client: any TestClientProtocol
    let clock: TestClock
    let versions: VersionKeeper
    /// What ADMIN seals secrets with.
    let secretKey = Self.secretKey

    static let secretKey = SecretKey([UInt8](repeating: 7, count: SecretKey.size))
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameters:
    ///   - setup: `.live` where a poll is held: only there a connection exists.
    ///   - isOpen: Whether the API is open while there is no token.
    static func run(
        _ setup: TestingSetup = .router, isOpen: Bool = true, limits: GatewayRoster.Limits = .init(),
        connections: ConnectionLimits = .init(), logger: Logger = logger,
        _ body: @Sendable @escaping (Stage) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let clock = TestClock()
            let registry = try Registry(
                path: folder.appending(path: "registry.sqlite").path, now: clock.now, uptime: clock.uptime)
            let gateways = GatewayRoster(registry: registry, limits: limits, logger: logger)
            let versions = try VersionKeeper(
                VersionKeeping(directory: folder.appending(path: "versions").path), registry: registry, logger: logger)
            let application = try AdminApplication(
                registry: registry, gateways: gateways, address: ListenAddress("127.0.0.1:0")!,
                secretKey: secretKey, isOpenWithoutTokens: isOpen, limits: connections, versions: versions,
                logger: logger
            ).application()
            try await application.test(setup) { client in
                let stage = { @Sendable (client: any TestClientProtocol) in
                    Stage(registry: registry, gateways: gateways, client: client, clock: clock, versions: versions)
                }
                guard let port = client.port else { return try await body(stage(client)) }
                try await patiently(port: port) { try await body(stage(PatientClient(client: $0, port: port))) }
            }
            try registry.close()
        }
    }

    /// Sends a request; a body of JSON unless `type` says otherwise.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, type: String = "application/json",
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        if body != nil, headers[.contentType] == nil { headers[.contentType] = type }
        return try await client.execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await send(.get, path, headers: headers)
    }

    /// Runs `body` with a connection of its own to a `.live` ADMIN, which a busy machine has all the time for.
    func withConnection<Value>(_ body: @escaping @Sendable (TestClient) async throws -> Value) async throws -> Value {
        try await Self.patiently(port: client.port ?? 0, body)
    }

    private static func patiently<Value>(
        port: Int, _ body: @escaping @Sendable (TestClient) async throws -> Value
    ) async throws -> Value {
        try await TestClient.withClient(
            host: "localhost", port: port, configuration: .init(timeout: .seconds(600)), operation: body)
    }

    /// The value of a GET that must succeed.
    func read<Value: Described>(_ type: Value.Type = Value.self, _ path: String) async throws -> Value {
        try await get(path).decoded(type)
    }

    /// Stores a small cloud: location tcn, pools www-ip and tg-ip, servers app1 to app3, types pgw and tg, two
    /// services of each.
    func seed() async throws {
        let response = try await send(.post, "/v1/apply", Self.seedBody)
        guard response.status == .ok else { throw StageError(response.text) }
    }

    static let pgw = """
        type: pgw
        gateway:
          - name: http
            address: www-ip
            ports: {80: 8080, 443: 8443}
            protocol: tcp
            weight: 50

        """
    static let tg = """
        type: tg
        gateway:
          - name: devices
            address: tg-ip
            fwm:
              ports: 20000-29999
              protocols: [tcp, udp]

        """

    static var seedBody: String {
        let request = ApplyRequest(
            locations: [LocationResource(name: "tcn", description: "Groningen")],
            pools: [
                PoolResource(location: "tcn", name: "www-ip", addresses: ["198.51.100.36"]),
                PoolResource(location: "tcn", name: "tg-ip", addresses: ["198.51.100.37", "198.51.100.38"]),
            ],
            servers: (1...3).map {
                ServerResource(name: "app\($0)", location: "tcn", kind: .app, addresses: ["10.1.0.1\($0)"])
            },
            types: [.init(name: "pgw", source: pgw), .init(name: "tg", source: tg)],
            services: [
                .init(name: "pgw.1", server: "app1"), .init(name: "pgw.2", server: "app2"),
                .init(name: "tg.1", server: "app1"), .init(name: "tg.2", server: "app2"),
            ])
        return String(decoding: request.jsonBytes, as: UTF8.self)
    }

    /// The lines of a location's export, without the header.
    func export(_ location: String = "tcn") async throws -> [String] {
        try await get("/v1/locations/\(location)/services.csv").text.split(separator: "\n").dropFirst().map(String.init)
    }

    func eventCount() async throws -> Int {
        try await read(EventPage.self, "/v1/events?limit=1000").events.count
    }
}

/// The client of a `.live` ADMIN. Hummingbird's own gives up after 20 s, which a machine that runs all tests at a time
/// may need.
private struct PatientClient: TestClientProtocol {
    let client: TestClient
    let port: Int?

    func executeRequest(
        uri: String, method: HTTPRequest.Method, headers: HTTPFields, body: ByteBuffer?
    ) async throws -> TestResponse {
        let response = try await client.execute(
            TestClient.Request(uri, method: method, authority: "localhost", headers: headers, body: body))
        return TestResponse(
            head: response.head, body: response.body ?? ByteBuffer(), trailerHeaders: response.trailerHeaders)
    }
}

extension TestClient {
    /// A GET with a Host field, which `get` leaves out.
    func poll(_ path: String, headers: HTTPFields) async throws -> Response {
        try await execute(Request(path, method: .get, authority: "localhost", headers: headers))
    }
}

struct StageError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The value, which has nothing that its form does not describe.
    func decoded<Value: Described>(_ type: Value.Type = Value.self) throws -> Value {
        guard status.kind == .successful else { throw StageError("\(status): \(text)") }
        return try Value(json: Array(buffer: body), .strict)
    }

    /// The problem, when the answer is one in every respect.
    var problem: Problem? {
        guard headers[.contentType] == "application/problem+json",
            let problem = try? Problem(json: Array(buffer: body), .strict),
            problem.status == status.code
        else { return nil }
        return problem
    }

    var report: ChangeReport {
        get throws { try decoded(ChangeReport.self) }
    }
}

extension ChangeReport {
    /// The report as a dry run gives it: without the generation that the change has made.
    var content: ChangeReport {
        var report = self
        report.generation = nil
        return report
    }
}
