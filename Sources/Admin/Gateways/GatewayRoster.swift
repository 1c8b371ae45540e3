import AdminAPI
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import ServicesExport

/// The gateways as their polls tell of them.
///
/// A poll changes memory only; what has changed is written to the database every `flushInterval` and at the end.
public actor GatewayRoster: Service {
    /// A gateway's key: the same name may exist at two locations.
    struct ID: Hashable, Comparable, CustomStringConvertible {
        var location: String
        var name: String

        static func < (a: Self, b: Self) -> Bool { (a.location, a.name) < (b.location, b.name) }

        /// `tcn/gw1`
        var description: String { "\(location)/\(name)" }
    }

    /// More gateways than this are not remembered: the one not heard of for longest goes.
    static let capacity = 4096

    private let registry: Registry
    private let flushInterval: Duration
    private let logger: Logger
    private var gateways: [ID: KnownGateway] = [:]
    private var dirty: Set<ID> = []
    private var forgotten: Set<ID> = []
    private var isLoaded = false

    public init(registry: Registry, flushInterval: Duration = .seconds(30), logger: Logger) {
        self.registry = registry
        self.flushInterval = flushInterval
        self.logger = logger
    }

    /// Notes a poll that begins.
    func begin(_ id: ID, _ report: GatewayReport) async {
        await load()
        let now = registry.now()
        var gateway = gateways[id] ?? KnownGateway(now: now)
        gateway.note(report, now: now)
        gateway.openPolls += 1
        gateways[id] = gateway
        dirty.insert(id)
        forgotten.remove(id)
        makeRoom()
    }

    /// Notes that a poll has been answered.
    func end(_ id: ID) {
        guard var gateway = gateways[id] else { return }
        gateway.openPolls -= 1
        gateway.lastPoll = registry.now()
        gateways[id] = gateway
        dirty.insert(id)
    }

    private func makeRoom() {
        guard gateways.count > Self.capacity,
            let oldest = gateways.filter({ $0.value.openPolls == 0 }).min(by: { $0.value.lastPoll < $1.value.lastPoll })
        else { return }
        gateways[oldest.key] = nil
        dirty.remove(oldest.key)
        forgotten.insert(oldest.key)
    }

    /// Forgets a gateway and notes who did it. One that still polls is back with its next poll.
    ///
    /// Throws `RegistryError.missing` when there is none of the name.
    func forget(_ id: ID, by actor: String, dryRun: Bool) async throws {
        await load()
        guard gateways[id] != nil else { throw RegistryError.missing("gateway \(id.description.prefix(160))") }
        guard !dryRun else { return }
        let time = Timestamp.text(registry.now())
        try await RegistryError.translating {
            try await registry.database.write { db in
                try KnownGateway.delete(id, db)
                try EventEntry(action: .delete, kind: .gateway, name: id.description).store(
                    db, actor: actor, time: time)
            }
        }
        gateways[id] = nil
        dirty.remove(id)
        // A flush that was on its way may have written it again.
        forgotten.insert(id)
    }

    /// Every gateway, seen against the exports of `state`.
    func resources(in state: RegistryState) async -> [GatewayResource] {
        await load()
        let now = registry.now()
        return gateways.sorted { $0.key < $1.key }.map { id, gateway in
            gateway.resource(id, current: state.exports.byLocation[id.location]?.digest.etag, now: now)
        }
    }

    // MARK: The database

    private func load() async {
        guard !isLoaded else { return }
        do {
            let now = registry.now()
            let known = try await registry.database.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM gateway").map { row in
                    (ID(location: row["location"], name: row["name"]), KnownGateway(row, now: now))
                }
            }
            guard !isLoaded else { return }
            isLoaded = true
            gateways.merge(known) { current, _ in current }
        } catch {
            logger.warning("gateways cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// Writes what has changed since the last time; what cannot be written now is tried again.
    func flush() async {
        guard !dirty.isEmpty || !forgotten.isEmpty else { return }
        let changed = dirty.compactMap { id in gateways[id].map { (id, $0) } }
        let gone = forgotten
        dirty = []
        forgotten = []
        do {
            try await registry.database.write { db in
                for id in gone { try KnownGateway.delete(id, db) }
                for (id, gateway) in changed { try gateway.store(id, db) }
            }
        } catch {
            dirty.formUnion(changed.map(\.0))
            forgotten.formUnion(gone.filter { gateways[$0] == nil })
            logger.warning("gateways cannot be stored", metadata: ["error": "\(error)"])
        }
    }

    /// Writes regularly until the service group shuts down, then once more.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: self.flushInterval)
                await self.flush()
            }
        }
        await flush()
    }
}
