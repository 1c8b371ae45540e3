import Foundation
import GRDB

extension SQLiteStore {
    package func beginEpoch() async throws -> Int { try await write(CommitRows.beginEpoch) }

    /// Cost: if nothing has to be deleted, a walk over an index of all revisions.
    package func prune(_ retention: Retention, step: Int, epoch: Int) async throws -> Pruned {
        try await write { db in
            guard try CommitRows.epoch(db) == epoch else { throw RegistryError.superseded }
            try db.execute(
                sql: """
                    DELETE FROM event WHERE id IN (
                        SELECT id FROM event WHERE id <= (SELECT max(id) FROM event) - ? ORDER BY id LIMIT ?)
                    """,
                arguments: [retention.events, step])
            let events = db.changesCount
            return Pruned(events: events, revisions: try Self.pruneRevisions(db, retention, step: step))
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

    /// The size of the write-ahead log's file in bytes.
    package var logSize: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: database.path + "-wal")
        return (attributes?[.size] as? Int) ?? 0
    }

    /// Moves the write-ahead log into the database and truncates it if it is longer than `longestLog`: it grows while
    /// a reader takes long, and does not shrink by itself. Waits for nobody; does nothing while others read an older
    /// state.
    package func maintain() async throws {
        guard logSize > Self.longestLog else { return }
        try await SQLiteError.translating {
            try await database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA busy_timeout = 0")
                defer { try? db.execute(sql: "PRAGMA busy_timeout = 2000") }
                _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }
}
