package import DatabasePatches

extension PostgreSQLDatabase {
    package func accept(_ acceptance: Acceptance) throws(DatabaseError) {
        do throws(ServerError) {
            try reset(lockTimeout: options.lockTimeout)
            try work.run("BEGIN")
            try checkLocks()
            if try !hasAcceptances() { try work.run(Self.acceptances) }
            try work.query(
                """
                INSERT INTO portcullis.portcullis_accepted (number, name, before, accepted, who, version, program)
                VALUES ($1::bigint, $2, $3, $4, $5 || ' as ' || session_user, $6, $7)
                """,
                [
                    "\(acceptance.number)", acceptance.name, acceptance.before.description,
                    acceptance.accepted.description, acceptance.who, acceptance.version, acceptance.program,
                ])
            try work.query(
                "UPDATE portcullis.portcullis_patches SET digest = $2 WHERE number = $1::bigint AND is_patch",
                ["\(acceptance.number)", acceptance.accepted.description])
            try commit()
        } catch {
            _ = try? work.run("ROLLBACK")
            throw error.error("writing the history")
        }
    }

    package func acceptances() throws(DatabaseError) -> [Acceptance] {
        do throws(ServerError) {
            guard try hasAcceptances() else { return [] }
            return try work.query(
                """
                SELECT number, name, before, accepted, to_char(accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    who, version, program
                FROM portcullis.portcullis_accepted ORDER BY accepted_at, number
                """
            ).compactMap { Acceptance(columns: $0) }
        } catch {
            throw error.error("reading the history")
        }
    }

    private func hasAcceptances() throws(ServerError) -> Bool {
        try isTrue("SELECT to_regclass('portcullis.portcullis_accepted') IS NOT NULL")
    }

    private static let acceptances = """
        CREATE TABLE portcullis.portcullis_accepted (
            number bigint NOT NULL,
            name text NOT NULL,
            before text NOT NULL,
            accepted text NOT NULL,
            accepted_at timestamptz NOT NULL DEFAULT now(),
            who text NOT NULL,
            version text,
            program text NOT NULL);
        COMMENT ON TABLE portcullis.portcullis_accepted IS 'Texts of applied patches that portcullis-database accept took.'
        """
}
