import GRDB

/// The row with the registry's position, and the identities of the newest commits.
enum CommitRows {
    static func position(_ db: Database) throws -> StorePosition {
        let statement = try db.cachedStatement(
            sql: "SELECT generation, nonce, tokenGeneration FROM registry WHERE id = 1")
        let row = try Row.fetchOne(statement)
        return StorePosition(
            commit: CommitID(generation: row?[0] ?? 0, nonce: row?[1] ?? 0), tokenGeneration: row?[2] ?? 0)
    }

    static func newest(_ db: Database) throws -> CommitID { try position(db).commit }

    static func store(_ db: Database, _ commit: CommitID) throws {
        try db.execute(
            sql: "UPDATE registry SET generation = ?, nonce = ? WHERE id = 1",
            arguments: [commit.generation, commit.nonce])
        try db.execute(
            sql: "INSERT INTO madeCommit (generation, nonce) VALUES (?, ?)",
            arguments: [commit.generation, commit.nonce])
        try db.execute(
            sql: "DELETE FROM madeCommit WHERE generation <= ?", arguments: [commit.generation - rememberedCommits])
    }

    static func holds(_ db: Database, _ commit: CommitID) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM madeCommit WHERE generation = ? AND nonce = ?)",
            arguments: [commit.generation, commit.nonce]) ?? false
    }

    /// Writes a row unchanged, to find out whether the database can be written.
    static func touch(_ db: Database) throws {
        try db.execute(sql: "UPDATE registry SET generation = generation WHERE id = 1")
    }

    /// Begins the next epoch of background work.
    static func beginEpoch(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "UPDATE registry SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch") ?? 0
    }

    static func epoch(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT epoch FROM registry WHERE id = 1") ?? 0
    }

    /// The name of a counter that has no room left to count on; `nil` if there is none. No registry reaches that by
    /// itself.
    static func counterAtItsEnd(_ db: Database) throws -> String? {
        try String.fetchOne(
            db,
            sql: """
                SELECT name FROM (
                    SELECT 'generations' AS name, generation AS number FROM registry
                    UNION ALL SELECT 'token generations', tokenGeneration FROM registry
                    UNION ALL SELECT 'epochs', epoch FROM registry
                    UNION ALL SELECT name || 's', seq FROM sqlite_sequence
                ) WHERE number NOT BETWEEN 0 AND \(Int.max / 2)
                """)
    }
}
