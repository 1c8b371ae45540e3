package import AdminAPI
import Cloud
import Foundation
public import Logging
public import ServiceLifecycle
import ServicesExport
import Text

/// The gateways that have polled.
///
/// A poll changes memory only, at a cost that does not depend on the number of gateways. Changes are written to the
/// database every `flushInterval`, a new gateway within a second, and all when the service ends. Only `forget` removes a
/// gateway; at a limit, new ones are refused.
public actor GatewayRoster: Service {
    /// The greatest numbers of gateways.
    public struct Limits: Sendable, Hashable {
        /// All gateways.
        public var gateways: Int
        /// Gateways of a location for which no token is bound to the new one and no server of kind `gateway` has its
        /// name: otherwise, the holder of a token that is bound to no gateway could invent names.
        public var unvouched: Int

        public init(gateways: Int = 20_000, unvouched: Int = 64) {
            self.gateways = gateways
            self.unvouched = unvouched
        }
    }

    /// A poll that is being answered.
    package struct Visit: Sendable {
        fileprivate let id: GatewayID
        /// Identifies the gateway since it first polled; one that was forgotten and has returned has another.
        fileprivate let incarnation: Int
    }

    let registry: Registry
    private let limits: Limits
    private let flushInterval: Duration
    /// Whether there are gateways that the database may not know yet.
    private var hasNewcomers = false
    let logger: Logger
    private var gateways = GatewayTable<GatewayID>()
    /// What gateways have reported since ADMIN started. At most one each, of `Limits.report` bytes at most.
    private var reports: [GatewayID: HeardReport<GatewayReportMessage>] = [:]
    /// What became of the verdicts of each gateway that has reported.
    var verdicts = VerdictLog()
    private var incarnations = 0
    private var isLoaded = false
    private var edge: LimitEdge

    public init(
        registry: Registry, limits: Limits = Limits(), flushInterval: Duration = .seconds(30), logger: Logger
    ) {
        self.registry = registry
        self.limits = limits
        self.flushInterval = flushInterval
        self.logger = logger
        edge = LimitEdge("gateways", limit: limits.gateways, setting: "max-gateways")
    }

    /// Notes the beginning of a poll.
    ///
    /// Throws `RegistryError` for a new gateway if a limit is reached: `unvouched` if nothing vouches for it,
    /// `unavailable` at the limit for all.
    ///
    /// - Parameters:
    ///   - isVouched: whether a token is bound to it, or a server has its name.
    ///   - export: its location's export when the request came; `nil`: the poll confirms nothing.
    package func begin(
        _ id: GatewayID, _ heartbeat: GatewayHeartbeat, isVouched: Bool, export: ExportInForce? = nil
    ) async throws -> Visit {
        await load()
        let (now, uptime) = (registry.now(), registry.uptime())
        var gateway: KnownGateway
        if let known = gateways[id] {
            gateway = known
        } else {
            try admit(id, isVouched: isVouched)
            incarnations += 1
            hasNewcomers = true
            gateway = KnownGateway(now: now, uptime: uptime, incarnation: incarnations)
        }
        if gateways[id]?.heartbeat.exportVersion != heartbeat.exportVersion {
            registry.olderReaders.note(id, heartbeat.exportVersion)
        }
        let isListed = gateways[id]?.heartbeat == heartbeat
        gateway.note(heartbeat, now: now, uptime: uptime)
        let isNews = export.map { gateway.compare(with: $0, uptime: uptime) } ?? false || gateways[id] == nil
        gateway.openPolls += 1
        gateways.note(id, gateway)
        edge.note(gateways.count, logger)
        let visit = Visit(id: id, incarnation: gateway.incarnation)
        if isNews { await confirmationChanged(at: id.location) }
        if !isListed { await registry.listChanges.noteChange(of: .gateways) }
        return visit
    }

    /// Wakes those who wait for a confirmation at a location.
    private func confirmationChanged(at location: String) async {
        await registry.confirmations.advance(location)
    }

    /// The gateways of a location, by name.
    func known(at location: String) -> [(id: GatewayID, gateway: KnownGateway)] {
        gateways.ids(at: location).sorted().compactMap { id in gateways[id].map { (id, $0) } }
    }

    /// The gateways of a location, or all, sorted. Costs a look at each.
    func ids(at location: String?) -> [GatewayID] {
        location.map { gateways.ids(at: $0).sorted() } ?? gateways.gateways.keys.sorted()
    }

    /// What a gateway has reported since ADMIN started.
    func report(of id: GatewayID) -> HeardReport<GatewayReportMessage>? { reports[id] }

    private func admit(_ id: GatewayID, isVouched: Bool) throws {
        guard isVouched || gateways.count(at: id.location) < limits.unvouched else {
            throw RegistryError.unvouched(
                "ADMIN knows \(limits.unvouched) gateways at \(id.location), and takes another only with a token that is "
                    + "bound to it, or when a server of kind gateway has its name.")
        }
        guard gateways.count < limits.gateways else {
            throw RegistryError.unavailable(
                "ADMIN knows \(gateways.count) gateways, and max-gateways allows no more: forget those that are gone")
        }
    }

    /// Notes that a poll was answered.
    package func end(_ visit: Visit) {
        guard var gateway = gateways[visit.id], gateway.incarnation == visit.incarnation else { return }
        gateway.openPolls -= 1
        gateway.hear(now: registry.now(), uptime: registry.uptime())
        gateways.note(visit.id, gateway)
    }

    /// Forgets a gateway and logs an event. A gateway that still polls returns with its next poll.
    ///
    /// Throws `ChangeError.missing` if there is no such gateway.
    package func forget(_ id: GatewayID, by actor: String, dryRun: Bool) async throws {
        await load()
        guard gateways[id] != nil else { throw missing(id) }
        guard !dryRun else { return }
        try await registry.store.deleteGateway(
            id, EventEntry(.delete, .gateway, id.description, by: actor, at: Timestamp.text(registry.now())))
        gateways.forget(id)
        registry.olderReaders.forget(id)
        reports[id] = nil
        verdicts.forget(id)
        await confirmationChanged(at: id.location)
        await registry.listChanges.noteChange(of: .gateways, .events)
    }

    /// Takes a report, or what has changed in it.
    ///
    /// Throws `ChangeError.missing` for a gateway that has not polled, `BodyError` where the changes make no report.
    ///
    /// - Parameter actor: who sends it, for the events that it makes.
    package func take(
        _ message: GatewayReportMessage, from id: GatewayID, by actor: String
    ) async throws -> ReportAnswer {
        await load()
        guard gateways[id] != nil else { throw missing(id) }
        let before = reports[id]
        guard
            let report = try HeardReport.after(
                message, before, now: registry.now(), uptime: registry.uptime())
        else { return ReportAnswer(wantsWhole: true) }
        reports[id] = report
        if before?.report.draining != nil || report.report.draining != nil {
            await confirmationChanged(at: id.location)
        }
        if before == nil || before?.report.health != report.report.health {
            await noteVerdicts(report.report.health, of: id, by: actor)
        }
        return ReportAnswer(wantsWhole: false)
    }

    /// A gateway with its report.
    ///
    /// Throws `ChangeError.missing` when there is none of the name.
    package func detail(_ id: GatewayID, in state: RegistryState) async throws -> GatewayDetail {
        await load()
        guard let gateway = gateways[id] else { throw missing(id) }
        let report = reports[id]
        return GatewayDetail(
            gateway: try await resource(id, gateway, in: state), report: report?.report,
            reportedAt: report.map { Timestamp.text($0.heard) })
    }

    private func missing(_ id: GatewayID) -> ChangeError {
        .missing("gateway \(id.description.shownName(atMost: 160))")
    }

    /// Every gateway, seen against the exports of `state`. Costs one value for each, and sorts them.
    package func resources(in state: RegistryState) async throws -> [GatewayResource] {
        await load()
        var resources = [GatewayResource]()
        for (id, gateway) in gateways.gateways.sorted(by: { $0.key < $1.key }) {
            resources.append(try await resource(id, gateway, in: state))
        }
        return resources
    }

    private func resource(
        _ id: GatewayID, _ gateway: KnownGateway, in state: RegistryState
    ) async throws -> GatewayResource {
        let export = state.exports.byLocation[id.location]
        let file = try await export?.file(gateway.heartbeat.exportVersion)
        // A gateway that cannot read the export is not in sync with it, whatever it has.
        let needed = file == nil ? export?.minimumVersion : nil
        return gateway.resource(
            id, current: (file ?? export?.newest)?.digest.etag, needed: needed, now: registry.now(),
            uptime: registry.uptime())
    }

    // MARK: The store

    func load() async {
        guard !isLoaded else { return }
        do {
            let (now, uptime) = (registry.now(), registry.uptime())
            let known = try await registry.store.gateways().map {
                ($0.id, KnownGateway($0, now: now, uptime: uptime))
            }
            guard !isLoaded else { return }
            isLoaded = true
            gateways.load(known)
        } catch {
            logger.failure("gateways cannot be read", error)
        }
    }

    /// Writes the changes since the last call. If they cannot be written now, they are tried again the next time.
    package func flush() async {
        guard let changes = gateways.takeChanges() else { return }
        do {
            try await registry.store.record(
                Observations(
                    gateways: changes.changed.map { id, gateway in gateway.stored(as: id) },
                    goneGateways: changes.forgotten))
        } catch {
            gateways.putBack(changes)
            logger.failure("gateways cannot be stored", error)
        }
    }

    private func takeNewcomers() -> Bool {
        defer { hasNewcomers = false }
        return hasNewcomers
    }

    /// Writes regularly until the service group shuts down, and once more then. Events do not wait as long as the rest,
    /// for somebody may follow them.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var next = ContinuousClock.now + self.flushInterval
            while true {
                try await Task.sleep(for: min(self.flushInterval, .seconds(1)))
                await self.flushEvents()
                // A new gateway is waited for by rollouts and moves, also after a crash.
                let hasNewcomers = await self.takeNewcomers()
                guard hasNewcomers || ContinuousClock.now >= next else { continue }
                await self.flush()
                next = .now + self.flushInterval
            }
        }
        await flush()
        await flushEvents()
    }
}
