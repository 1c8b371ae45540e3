import AdminAPI
import Cloud
package import Logging
import ServiceLifecycle

/// Finds out which masters are out of touch, and has people told of it (`LinkLosses`).
///
/// Silence is measured by a clock that cannot be set. When ADMIN itself stood still, all silences begin anew.
package actor LinkWatch: Service {
    /// The time between two looks. Each looks at every link.
    static let interval = Duration.seconds(1)
    /// A longer time between two looks means that ADMIN stood still.
    static let standstill = Duration.seconds(5)
    /// The time until the next attempt after a failure.
    static let patience = Duration.seconds(10)
    /// Seconds since the last word of a node that is in touch.
    private static let nodeAge = 30.0

    private let registry: Registry
    private let nodes: NodeRoster
    private let logger: Logger
    private var losses = LinkLosses()
    private var lastLook: Duration?

    package init(registry: Registry, nodes: NodeRoster, logger: Logger) {
        self.registry = registry
        self.nodes = nodes
        self.logger = logger
    }

    /// Works until the service group shuts down.
    package func run() async throws { await repeatUntilShutdown("links", registry.loops) { await self.look() } }

    /// Looks at all links, and writes what people are to be told.
    ///
    /// - Returns: the time until the next look.
    package func look() async -> Duration {
        let now = registry.uptime()
        if let lastLook, now - lastLook > Self.standstill {
            logger.notice("ADMIN stood still: the silence of masters counts anew")
            await nodes.links.restart()
            losses.restart()
        }
        lastLook = now
        do {
            let cloud = try await registry.state().cloud
            let links = await nodes.links.settle(in: cloud)
            // What is told is known only once it is written.
            var losses = losses
            let notices = await losses.notices(links, now: now, in: cloud) { await self.word(of: $0) }
            if !notices.isEmpty {
                _ = try await registry.write(by: ChangeAuthor(TokenGrant.linkWatch), dryRun: false) { cloud, _ in
                    cloud.notices += notices
                }
            }
            self.losses = losses
            for notice in notices { logger.warning("\(notice.title)") }
            return Self.interval
        } catch {
            logger.failure("links cannot be looked after now", error)
            return Self.patience
        }
    }

    private func word(of link: ServiceLink.ID) async -> LinkLosses.Word {
        let presence = await nodes.presence(of: link.server)
        guard presence.state == .present, presence.age ?? .infinity < Self.nodeAge else { return .explains }
        let told = await nodes.sighting(of: link.service, on: link.server).service?.state
        return told == nil || told == .running ? .runs : .explains
    }
}
