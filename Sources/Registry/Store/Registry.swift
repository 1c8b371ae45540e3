package import Cloud
public import Foundation
package import GRDB
import ServiceSupport
import Synchronization

/// Everything ADMIN knows, in SQLite.
///
/// A write is a function on the `Cloud` value: its result is checked for contradictions as a whole, then what differs
/// is stored with its events in one transaction. `dryRun` does all but the storing.
public final class Registry: Sendable {
    package let database: DatabasePool
    /// Those who wait for an export to differ.
    package let exportChanges = TagWaiters()
    /// Those who wait for a service's configuration to differ.
    package let configurationChanges = TagWaiters()
    private let tokenUses = TokenUses()
    package let now: @Sendable () -> Date
    /// Time that only goes on, however the clock is set; from any moment on.
    let uptime: @Sendable () -> Duration
    private let memory = Mutex(Memory())
    private let loader = StateLoader()
    private let health = WriteHealth()

    /// States that need not be read from the rows.
    private struct Memory: Sendable {
        var published: RegistryState?
        /// The state of the newest write, from before its commit on: readers see its generation before it is published.
        package var written: RegistryState?
    }

    /// Opens the database at `path`, makes it if there is none, and brings its tables up to date.
    ///
    /// Throws `RegistryError.unavailable` with the path and the reason.
    public init(
        path: String, now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Uptime.now
    ) throws {
        self.now = now
        self.uptime = uptime
        var configuration = Configuration()
        configuration.label = "registry"
        configuration.busyMode = .timeout(2)
        do {
            database = try DatabasePool(path: path, configuration: configuration)
            // A change that was answered survives a power cut. GRDB opens WAL with NORMAL, which survives a crash only;
            // there is one writing connection for the pool's life.
            try database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA journal_size_limit = \(Self.longestLog)")
            }
            // Before anything is changed: a newer version's tables may bear the names of migrations to come.
            guard try database.read(RegistryMigrations.migrator.hasBeenSuperseded) == false else {
                throw RegistryError.unavailable("\(path) was written by a newer version of ADMIN")
            }
            let known = try database.read(RegistryMigrations.migrator.appliedIdentifiers)
            try RegistryMigrations.migrator.migrate(database)
            if !known.isEmpty, !known.contains(RegistryMigrations.datagramMarksName) {
                try allocateDatagramMarks()
            }
            if let counter = try database.read(RegistryRows.counterAtItsEnd) {
                throw RegistryError.unavailable(
                    "\(path): the number of \(counter) is beyond what ADMIN counts to; restore a backup")
            }
        } catch let error as DatabaseError {
            throw RegistryError.unavailable("\(path): \(RegistryError.text(of: error))")
        }
    }

    /// Bytes of the write-ahead log that are kept for what comes next; a longer one is cut.
    static let longestLog = 4 << 20

    /// Writes to the database, and remembers whether that went well.
    package func store<Value: Sendable>(_ updates: @escaping @Sendable (Database) throws -> Value) async throws -> Value
    {
        try await health.watching { try await database.write(updates) }
    }

    /// Moves what the write-ahead log has into the database, so that the file alone is whole, and closes it. Where that
    /// cannot be done now (a backup reads it, the disk is full), the log stays, with all that it has.
    public func close() throws {
        try? database.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try database.close()
    }

    /// The tokens kept in the same database.
    public var tokens: TokenStore {
        TokenStore(
            database: database, now: now, uses: tokenUses, waiters: [exportChanges, configurationChanges],
            health: health)
    }

    // MARK: Reading

    /// What the registry holds now.
    ///
    /// One number is read from the database, so a poll also finds out whether the database can be read; the rest is in
    /// memory. What is not is read and built once, however many ask for it meanwhile.
    ///
    /// - Parameter seen: The generation, when whoever asks has just read it.
    package func state(seen: Int? = nil) async throws -> RegistryState {
        try await RegistryError.translating {
            // One statement needs no transaction of its own.
            let generation =
                if let seen { seen } else { try await database.unsafeRead(RegistryRows.generation) }
            while true {
                if let state = known(generation) { return state }
                let state = try await loader.state { [self] in try await database.read { db in try current(db) } }
                await publish(state)
                if state.generation >= generation { return state }
            }
        }
    }

    /// The state at the generation the connection sees: one in memory, or read from the rows.
    private func current(_ db: Database) throws -> RegistryState {
        let generation = try RegistryRows.generation(db)
        if let state = known(generation) { return state }
        let (cloud, revisions) = try RegistryRows.load(db)
        return RegistryState(
            generation: generation, cloud: cloud, revisions: revisions, exports: ExportSet(of: cloud),
            configurations: ConfigurationSet(of: cloud))
    }

    /// The state of a generation, when it is in memory: the published one, or the one that is being committed.
    private func known(_ generation: Int) -> RegistryState? {
        memory.withLock { memory in
            [memory.published, memory.written].lazy.compactMap(\.self).first { $0.generation == generation }
        }
    }

    /// Makes a state the published one, and wakes those who wait for an export or a configuration it changes.
    private func publish(_ state: RegistryState) async {
        let isNews = memory.withLock { memory in
            guard state.generation > memory.published?.generation ?? 0 else { return false }
            memory.published = state
            return true
        }
        guard isNews else { return }
        await exportChanges.publish(generation: state.generation, tags: state.exports.tags)
        await configurationChanges.publish(generation: state.generation, tags: state.configurations.digests)
    }

    /// Throws when the database cannot be read, or cannot be written: a full disk leaves all that is read as it was.
    ///
    /// Whether it can be written is tried at most once in `WriteHealth.interval`, however many ask.
    package func checkDatabase() async throws {
        try await RegistryError.translating {
            _ = try await database.read(RegistryRows.generation)
            if health.isDue { try? await store(RegistryRows.touch) }
        }
        if let reason = health.failure { throw RegistryError.unavailable("writes fail: \(reason)") }
    }

    /// Every revision of a type, the newest first.
    package func revisions(of type: String) async throws -> [TypeRevision] {
        try await RegistryError.translating {
            try await database.read { db in try RegistryRows.revisions(db, of: type) }
        }
    }

    /// One revision of a type.
    package func revision(_ number: Int, of type: String) async throws -> (TypeRevision, source: String)? {
        try await RegistryError.translating {
            try await database.read { db in try RegistryRows.revision(db, number, of: type) }
        }
    }

    // MARK: Writing

    /// What a write came to.
    package struct Outcome: Sendable {
        package let summary: ChangeSummary
        /// The state after it: of a dry run, the state that would be.
        package var state: RegistryState
    }

    /// Changes the cloud.
    ///
    /// - Parameters:
    ///   - places: Where errors say that the parts of the change stand; from the state before.
    ///   - change: Gets the state before; may throw to refuse. It may be called again, and must not wait.
    package func write(
        by actor: String, dryRun: Bool, places: @escaping @Sendable (RegistryState) -> RequestPlaces = { _ in .none },
        _ change: @escaping @Sendable (inout Cloud, RegistryState) throws -> Void
    ) async throws -> Outcome {
        try await RegistryError.translating {
            let time = Timestamp.text(now())
            guard !dryRun else {
                let before = try await state()
                return try await BlockingWork.run {
                    try before.changed(change, places: places, actor: actor, time: time)
                }
            }
            let outcome = try await store { [self] db in
                let before = try current(db)
                var outcome = try before.changed(change, places: places, actor: actor, time: time)
                let difference = outcome.summary.difference
                guard !difference.isEmpty else { return outcome }
                let stored = try RegistryRows.store(
                    db, difference, from: before.cloud, to: outcome.state.cloud, actor: actor, time: time)
                outcome.state.revisions.merge(stored) { $1 }
                try RegistryRows.setGeneration(db, outcome.state.generation)
                memory.withLock { $0.written = outcome.state }
                // A commit that fails leaves its generation to another state.
                db.afterNextTransaction(
                    onCommit: { _ in }, onRollback: { [self] _ in memory.withLock { $0.written = nil } })
                return outcome
            }
            await publish(outcome.state)
            return outcome
        }
    }
}
