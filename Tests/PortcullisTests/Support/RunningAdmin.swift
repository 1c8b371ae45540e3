import Admin
import Foundation
import Logging
import Registry
import ServiceLifecycle

/// An ADMIN with an empty registry on a free port of the loopback address, for as long as a test needs it.
struct RunningAdmin: Sendable {
    let url: String

    private struct DidNotStart: Error {}

    static func with<Result: Sendable>(_ body: @Sendable (RunningAdmin) async throws -> Result) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let registry = try Registry(path: directory.appending(path: "registry.sqlite").path)
        let gateways = GatewayRoster(registry: registry, logger: logger)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        guard let address = ListenAddress("127.0.0.1:0") else { throw DidNotStart() }
        let application = try AdminApplication(
            registry: registry, gateways: gateways, address: address, isOpenWithoutTokens: true, logger: logger
        ) { port.yield($0) }.application()
        let group = ServiceGroup(configuration: .init(services: [gateways, application], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let number = await ports.first(where: { _ in true }) else { throw DidNotStart() }
            let result: Result
            do {
                result = try await body(RunningAdmin(url: "http://127.0.0.1:\(number)"))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }
}
