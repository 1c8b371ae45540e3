import Foundation
import GRDB
public import Logging
public import ServiceLifecycle
import Synchronization

/// How much of the past the registry keeps.
public struct Retention: Sendable, Hashable {
    /// The newest events.
    public var events: Int
    /// The newest revisions of types, of all types together, that are no longer current. A current one is always kept.
    public var revisions: Int
    /// Bytes of the sources of those revisions.
    public var revisionBytes: Int

    public init(events: Int = 1_000_000, revisions: Int = 100_000, revisionBytes: Int = 1_000_000_000) {
        self.events = events
        self.revisions = revisions
        self.revisionBytes = revisionBytes
    }
}

/// Keeps the registry's file from growing without end: the write-ahead log is cut each minute, and what is beyond the
/// retention goes every five minutes.
public final class RegistryUpkeep: Service {
    package static let interval = Duration.seconds(60)
    /// Turns from one look at the retention to the next.
    static let turnsPerPruning = 5

    private let registry: Registry
    private let retention: Mutex<Retention>
    private let logger: Logger

    public init(registry: Registry, retention: Retention, logger: Logger) {
        self.registry = registry
        self.retention = Mutex(retention)
        self.logger = logger
    }

    /// Takes another retention, from the next look on.
    public func reload(_ retention: Retention) { self.retention.withLock { $0 = retention } }

    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            for turn in 0... {
                if turn % Self.turnsPerPruning == 0 { await self.prune() }
                await self.shrinkLog()
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    private func prune() async {
        do {
            let gone = try await registry.prune(retention.withLock { $0 })
            guard gone.events + gone.revisions > 0 else { return }
            logger.info(
                "what is beyond the retention was deleted",
                metadata: ["events": "\(gone.events)", "revisions": "\(gone.revisions)"])
        } catch {
            logger.warning("what is beyond the retention cannot be deleted", metadata: ["error": "\(error)"])
        }
    }

    private func shrinkLog() async {
        do {
            try await registry.shrinkLog()
        } catch {
            // A long reader holds it: the next turn may find it gone.
            logger.debug("the write-ahead log cannot be cut now", metadata: ["error": "\(error)"])
        }
    }
}

extension Registry {
    /// Bytes of the write-ahead log's file.
    var logSize: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: database.path + "-wal")
        return (attributes?[.size] as? Int) ?? 0
    }

    /// Moves what the write-ahead log has into the database and cuts it, when it is longer than `longestLog`: after a
    /// reader that took long it stays as long as it became. Waits for nobody: where others read the older state,
    /// nothing is done.
    func shrinkLog() async throws {
        guard logSize > Self.longestLog else { return }
        try await RegistryError.translating {
            try await database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA busy_timeout = 0")
                defer { try? db.execute(sql: "PRAGMA busy_timeout = 2000") }
                _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }

    /// Deletes events and revisions beyond the retention, the oldest first, in steps that let others write between
    /// them.
    ///
    /// Costs a walk over an index of all revisions where nothing is to be deleted.
    package func prune(_ retention: Retention, step: Int = 5_000) async throws -> (events: Int, revisions: Int) {
        var gone = (events: 0, revisions: 0)
        while true {
            let (events, revisions) = try await RegistryError.translating {
                try await store { db in
                    try db.execute(
                        sql: """
                            DELETE FROM event WHERE id IN (
                                SELECT id FROM event WHERE id <= (SELECT max(id) FROM event) - ? ORDER BY id LIMIT ?)
                            """,
                        arguments: [retention.events, step])
                    let events = db.changesCount
                    return (events, try Self.pruneRevisions(db, retention, step: step))
                }
            }
            gone.events += events
            gone.revisions += revisions
            if events < step, revisions < step { return gone }
        }
    }

    private static func pruneRevisions(_ db: Database, _ retention: Retention, step: Int) throws -> Int {
        let superseded = """
            FROM typeRevision INDEXED BY typeRevisionByAge WHERE NOT EXISTS (
                SELECT 1 FROM type WHERE type.name = typeRevision.type AND type.revision = typeRevision.revision)
            """
        guard let sum = try Row.fetchOne(db, sql: "SELECT count(*) AS count, total(size) AS bytes \(superseded)")
        else { return 0 }
        var (excess, excessBytes): (Int, Int) = (
            sum["count"] - retention.revisions, sum["bytes"] - retention.revisionBytes
        )
        guard excess > 0 || excessBytes > 0 else { return 0 }
        let oldest = try Row.fetchAll(
            db, sql: "SELECT type, revision, size \(superseded) ORDER BY changedAt, type, revision LIMIT ?",
            arguments: [step])
        var gone = 0
        for row in oldest where excess > 0 || excessBytes > 0 {
            try db.execute(
                sql: "DELETE FROM typeRevision WHERE type = ? AND revision = ?",
                arguments: [row["type"], row["revision"]])
            excess -= 1
            excessBytes -= row["size"]
            gone += 1
        }
        return gone
    }
}
