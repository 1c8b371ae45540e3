import AdminAPI
import Cloud
public import Logging
public import ServiceLifecycle

/// Has gateways send to services that were started, once their servers say that they run.
///
/// Who looks at what nodes say now, not at what has changed, misses nothing: a service that runs already when it is to
/// start joins, too.
public actor StartWatch: Service {
    /// The time between two looks while services start; each costs a row, and a look at each of them.
    static let pace = Duration.milliseconds(200)
    /// The time between two looks while none does. Each reads one row.
    static let idle = Duration.seconds(1)

    private let registry: Registry
    private let nodes: NodeRoster
    private let logger: Logger
    /// The services that start, at a generation of the registry.
    private var starting: (generation: Int, services: [ServiceInstance]) = (0, [])
    /// What could not be written: it is logged once.
    private var trouble: String?

    public init(registry: Registry, nodes: NodeRoster, logger: Logger) {
        self.registry = registry
        self.nodes = nodes
        self.logger = logger
    }

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("starts", registry.loops) { await self.look() ? Self.pace : Self.idle }
    }

    /// Lets those services into the export that run now. Cost: a look at each that starts, and a walk over all services
    /// after a change.
    ///
    /// - Returns: whether some are still starting.
    @discardableResult
    package func look() async -> Bool {
        guard let state = try? await registry.state() else { return !starting.services.isEmpty }
        if starting.generation != state.generation {
            starting = (state.generation, state.cloud.startingServices)
        }
        var running: [String] = []
        for service in starting.services {
            let told = await nodes.sighting(of: service.name, on: service.server)
            let current = state.assignments.byServer[service.server]?.etag
            if told.isRunning(service.installation?.digest, of: current) { running.append(service.name) }
        }
        guard !running.isEmpty else { return !starting.services.isEmpty }
        do {
            _ = try await registry.write(by: ChangeAuthor(TokenGrant.startWatch), dryRun: false) { [running] cloud, _ in
                cloud.noteStarts(of: running, in: state.cloud)
            }
            trouble = nil
        } catch {
            if trouble != "\(error)" {
                logger.failure("services run, and cannot be exported: that is tried again", error)
            }
            trouble = "\(error)"
        }
        return running.count < starting.services.count || trouble != nil
    }
}

extension NodeRoster.Sighting {
    /// Whether the service runs with a version. The word of a node that has not heard yet of the present assignments may be
    /// about a process that it will end.
    ///
    /// - Parameters:
    ///   - digest: the version's manifest.
    ///   - current: the ETag of the server's present assignments.
    fileprivate func isRunning(_ digest: String?, of current: String?) -> Bool {
        guard let digest, applied == nil || applied == current else { return false }
        return runs(digest)
    }
}
