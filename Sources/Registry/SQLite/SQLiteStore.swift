package import Cloud
package import Foundation
package import GRDB

/// The registry in one SQLite file, through GRDB: one connection writes, several read.
package final class SQLiteStore: RegistryStore {
    package let database: DatabasePool
    private let health = WriteHealth()

    /// The size in bytes to which the write-ahead log is truncated.
    package static let longestLog = 4 << 20

    /// Opens the database at `path`, creates it if it does not exist, and brings its tables up to date.
    ///
    /// Throws `RegistryError.unavailable` with the path and the reason.
    package init(path: String, now: @escaping @Sendable () -> Date = { Date() }) throws {
        var configuration = Configuration()
        configuration.label = "registry"
        configuration.busyMode = .timeout(2)
        do {
            database = try DatabasePool(path: path, configuration: configuration)
            // An answered change survives a power failure. GRDB opens WAL with NORMAL, which survives only a crash.
            // The pool has one writing connection for its whole life.
            try database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA journal_size_limit = \(Self.longestLog)")
            }
            try SQLiteMigrations.run(on: database, path: path, now: now)
        } catch let error as DatabaseError {
            throw RegistryError.unavailable("\(path): \(SQLiteError.text(of: error))")
        }
    }

    /// Moves the write-ahead log into the database, so that the file alone is complete, and closes it. If this is
    /// impossible now (a backup reads it, the disk is full), the log stays, with everything in it.
    package func close() throws {
        try? database.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try database.close()
    }

    // MARK: Access

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await SQLiteError.translating { try await database.read(body) }
    }

    /// Reads with single statements, which need no transaction.
    func readOnce<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await SQLiteError.translating { try await database.unsafeRead(body) }
    }

    /// Writes in one transaction, and records whether it succeeded.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await SQLiteError.translating { try await health.watching { try await database.write(body) } }
    }

    package func checkReadiness() async throws {
        _ = try await read(CommitRows.newest)
        if health.isDue { try? await write(CommitRows.touch) }
        if let reason = health.failure { throw RegistryError.unavailable("writes fail: \(reason)") }
    }

    // MARK: The cloud

    package func position() async throws -> StorePosition { try await readOnce(CommitRows.position) }

    package func load() async throws -> StoredCloud { try await read(CloudRows.load) }

    package func commit(_ commit: CloudCommit) async throws -> CommitResult {
        try await write { db in
            guard try CommitRows.newest(db) == commit.parent else { return .superseded }
            try CloudRows.store(db, commit)
            try CommitRows.store(db, commit.id)
            return .committed
        }
    }

    package func holds(_ commit: CommitID) async throws -> Bool {
        try await read { db in try CommitRows.holds(db, commit) }
    }

    package func markTimes() async throws -> [MarkID: String] { try await read(CloudRows.markTimes) }

    package func revisions(of type: String) async throws -> [TypeRevision] {
        try await read { db in try CloudRows.revisions(db, of: type) }
    }

    package func revision(
        _ number: Int, of type: String
    ) async throws -> (revision: TypeRevision, source: String)? {
        try await read { db in try CloudRows.revision(db, number, of: type).map { ($0, $1) } }
    }

    // MARK: Events

    package func events(
        _ filter: EventFilter, after: Int, before: Int?, limit: Int
    ) async throws -> [StoredEvent] {
        try await read { db in try EventRows.load(db, filter, after: after, before: before, limit: limit) }
    }
}
