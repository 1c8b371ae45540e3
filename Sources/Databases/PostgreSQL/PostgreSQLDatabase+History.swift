import DatabasePatches
import Text

extension PostgreSQLDatabase {
    /// Writes rows, and makes the history if there is none.
    func write(_ rows: [HistoryRow]) throws(ServerError) {
        if try !isTrue("SELECT to_regclass('portcullis.portcullis_patches') IS NOT NULL") {
            // CREATE SCHEMA IF NOT EXISTS needs the right to make schemas even where there is one.
            if try isTrue("SELECT to_regnamespace('portcullis') IS NULL") { try work.run("CREATE SCHEMA portcullis") }
            try work.run(Self.table)
        }
        for row in rows {
            try work.query(
                """
                INSERT INTO portcullis.portcullis_patches
                    (number, is_patch, name, state, digest, duration_ms, who, version, program, format, run)
                VALUES ($1::bigint, $2::boolean, $3, $4, $5, $6::bigint, $7 || ' as ' || session_user, $8, $9, $10::int, $11)
                """,
                [
                    "\(row.number)", row.state.isOfPatch ? "t" : "f", row.name, row.state.rawValue,
                    row.digest.description,
                    row.duration.map { "\($0)" }, row.who, row.version, row.program, "\(HistoryRow.format)", row.run,
                ])
        }
    }

    private static let table = """
        CREATE TABLE portcullis.portcullis_patches (
            number bigint NOT NULL,
            is_patch boolean NOT NULL,
            name text NOT NULL,
            state text NOT NULL,
            digest text NOT NULL,
            began_at timestamptz NOT NULL DEFAULT now(),
            duration_ms bigint,
            who text NOT NULL,
            version text,
            program text NOT NULL,
            format integer NOT NULL,
            run text NOT NULL,
            PRIMARY KEY (number, is_patch));
        COMMENT ON TABLE portcullis.portcullis_patches IS 'What portcullis-database has done to this database.'
        """
}
