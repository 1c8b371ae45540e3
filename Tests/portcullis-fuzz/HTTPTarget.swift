import Admin
import AdminAPI
import Foundation
import Logging
import Names
import Registry
import ServiceLifecycle

/// An ADMIN in this process, on a Unix socket.
struct HTTPTarget: Sendable {
    let socket: String
    let samples: [SampleRequest]
    /// Secrets of tokens, one of each role; empty: none is configured.
    let tokens: [String]

    /// Starts it and returns when it accepts connections. It runs until the process ends.
    static func start(_ path: String, hasTokens: Bool) async throws -> HTTPTarget {
        let registry = try Registry(path: path + ".sqlite")
        var tokens: [String] = []
        if hasTokens {
            // A join token is no bearer token.
            for role in TokenRole.allCases where role != .join {
                let grant = TokenGrant(
                    name: "fuzz-\(role)", role: role, service: role == .service ? HTTPSeeds.service : nil,
                    gateway: role == .gateway ? GatewayID("tcn/gw1") : nil, server: role == .server ? "app1" : nil)
                tokens.append(try await registry.tokens.add(grant).secret)
            }
            let scoped = TokenGrant(
                name: "fuzz-scoped", role: .admin, scope: ChangeScope(locations: ["tcn"], types: ["tg"]))
            tokens.append(try await registry.tokens.add(scoped).secret)
        }
        let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        let gateways = GatewayRoster(registry: registry, logger: logger)
        let (running, isRunning) = AsyncStream<Void>.makeStream()
        let versions = try VersionKeeper(
            VersionKeeping(directory: path + ".versions"), registry: registry, logger: logger)
        let admin = try AdminApplication(
            registry: registry, gateways: gateways, address: ListenAddress("127.0.0.1:0")!,
            secretKey: SecretKey([UInt8](repeating: 7, count: 32)), isOpenWithoutTokens: true,
            versions: versions, logger: logger
        ) { _ in isRunning.finish() }
        let group = ServiceGroup(
            services: [gateways, try admin.application(onUnixSocket: path)], gracefulShutdownSignals: [],
            logger: logger)
        Task { try await group.run() }
        for await _ in running {}
        return HTTPTarget(socket: path, samples: admin.samples, tokens: tokens)
    }

    /// Brings back the cloud that the seeds are about.
    func reset() throws {
        let answer = try answer(to: HTTPSeeds.apply(token: tokens.first).bytes)
        guard try answer.check() else { throw HTTPFailure("the cloud cannot be reset: \(answer.text)") }
    }

    /// Sends bytes on a connection of their own, ends it, and returns all that comes back.
    func answer(to request: [UInt8]) throws -> HTTPAnswer {
        let connection = try UnixConnection(socket)
        defer { connection.close() }
        return HTTPAnswer(bytes: connection.exchange(request), request: request)
    }
}

/// What an answer, or its absence, must not be.
struct HTTPFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
