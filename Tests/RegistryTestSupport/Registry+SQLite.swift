package import GRDB
package import Registry

/// What tests do to the SQLite file behind a registry's back.
extension Registry {
    // The registries of these tests are opened by path.
    package var sqlite: SQLiteStore { store as! SQLiteStore }
    package var database: DatabasePool { sqlite.database }

    /// Prunes in an epoch of its own.
    package func prune(_ retention: Retention, step: Int = 5_000) async throws -> (events: Int, revisions: Int) {
        let gone = try await store.prune(retention, epoch: try await store.beginEpoch(), step: step)
        return (gone.events, gone.revisions)
    }
}
