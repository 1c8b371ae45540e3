package import DatabasePatches

extension SQLiteDatabase {
    package func accept(_ acceptance: Acceptance) throws(DatabaseError) {
        try retrying("the history") { () throws(SQLiteError) in
            try connection.query("BEGIN IMMEDIATE")
            try connection.query(
                """
                CREATE TABLE IF NOT EXISTS portcullis_accepted (
                    number INTEGER NOT NULL, name TEXT NOT NULL, before TEXT NOT NULL, accepted TEXT NOT NULL,
                    accepted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), who TEXT NOT NULL,
                    version TEXT, program TEXT NOT NULL)
                """)
            try connection.query(
                """
                INSERT INTO portcullis_accepted (number, name, before, accepted, who, version, program)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """,
                [
                    "\(acceptance.number)", acceptance.name, acceptance.before.description,
                    acceptance.accepted.description, acceptance.who, acceptance.version, acceptance.program,
                ])
            try connection.query(
                "UPDATE portcullis_patches SET digest = ?2 WHERE number = ?1 AND is_patch",
                ["\(acceptance.number)", acceptance.accepted.description])
            try connection.query("COMMIT")
        } failed: { error in
            error.error("writing the history")
        }
    }

    package func acceptances() throws(DatabaseError) -> [Acceptance] {
        try retrying("the history") { () throws(SQLiteError) in
            guard try hasTable("portcullis_accepted") else { return [] }
            return try connection.query(
                "SELECT number, name, before, accepted, accepted_at, who, version, program FROM portcullis_accepted "
                    + "ORDER BY rowid"
            ).compactMap { Acceptance(columns: $0) }
        } failed: { error in
            error.error("reading the history")
        }
    }
}
