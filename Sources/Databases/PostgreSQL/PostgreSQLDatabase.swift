package import DatabasePatches
import Text

/// A database of a PostgreSQL server, with two sessions: one works, and one holds the lock, so that others are kept away
/// while the first is replaced. The first holds a lock of its own: as long as a session still works whose patcher is gone,
/// nobody begins.
package final class PostgreSQLDatabase: Database {
    package let engine = DatabaseEngine.postgresql
    package internal(set) var between: String?

    let target: PostgreSQLTarget
    let options: PatchOptions
    let stop: StopSignal
    var work: PostgreSQLSession
    /// Holds the lock, and is otherwise idle.
    var guardian: PostgreSQLSession
    /// The numbers of the server's processes of both sessions.
    var processes: (work: Int, guardian: Int) = (0, 0)
    /// Called when the connections are closed.
    var atEnd: () -> Void = {}

    package var version: String { work.version }

    /// Connects, and finds out what is between the program and the server.
    /// - Throws: `DatabaseError` of code `pooler` if the sessions are not the program's own.
    package convenience init(
        _ file: ConnectionFile, applicationName: String, _ options: PatchOptions, _ stop: StopSignal
    ) throws(DatabaseError) {
        try self.init(try PostgreSQLTarget(file.target, applicationName: applicationName), options, stop)
    }

    init(_ target: PostgreSQLTarget, _ options: PatchOptions, _ stop: StopSignal) throws(DatabaseError) {
        (self.target, self.options, self.stop) = (target, options, stop)
        work = try PostgreSQLSession(target, stop, tell: options.tell)
        guardian = try PostgreSQLSession(target, stop, tell: options.tell)
        try checkSessions()
        keepAlive()
    }

    /// While a statement runs, the other session is used now and then: a firewall forgets idle connections.
    func keepAlive() {
        let guardian = guardian
        work.meanwhile = { _ = try? guardian.query("SELECT 1") }
    }

    package func close() {
        work.meanwhile = {}
        work.close()
        guardian.close()
        atEnd()
    }

    package func content() throws(DatabaseError) -> DatabaseStanding.Content {
        do throws(ServerError) {
            guard try isTrue("SELECT to_regclass('portcullis.portcullis_patches') IS NOT NULL") else {
                return try isTrue(Self.isUsed) ? .withoutHistory : .empty
            }
            let newest = try work.query(
                "SELECT format, program FROM portcullis.portcullis_patches ORDER BY format DESC LIMIT 1")
            if let row = newest.first, let format = row[0].flatMap({ Int($0) }), format > HistoryRow.format {
                return .newer(format: format, program: row[1] ?? "?")
            }
            if newest.isEmpty { return try isTrue(Self.isUsed) ? .withoutHistory : .empty }
            let rows = try work.query(Self.history)
            return .history(rows.compactMap(Self.row))
        } catch {
            throw error.error("reading the history")
        }
    }

    func isTrue(_ sql: String) throws(ServerError) -> Bool {
        PostgreSQLSession.isTrue(try work.query(sql))
    }

    private static func row(_ values: [String?]) -> HistoryRow? {
        guard let number = values[0].flatMap({ Int($0) }), let state = HistoryRow.State(rawValue: values[2] ?? "")
        else {
            return nil
        }
        return HistoryRow(
            number: number, name: values[1] ?? "", state: state, digest: PatchDigest(stored: values[3] ?? ""),
            duration: values[4].flatMap { Int($0) }, time: values[5] ?? "", who: values[6] ?? "", version: values[7],
            program: values[8] ?? "", run: values[9] ?? "")
    }

    private static let history = """
        SELECT number, name, state, digest, duration_ms,
            to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), who, version, program, run
        FROM portcullis.portcullis_patches ORDER BY number, is_patch
        """

    /// Whether there is anything in the database that no extension has brought.
    private static let isUsed = """
        WITH ours AS (
            SELECT oid FROM pg_namespace
            WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'portcullis'))
        SELECT EXISTS (SELECT 1 FROM (
            SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)
            UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
            UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
                WHERE typtype IN ('d', 'e') AND typnamespace IN (SELECT oid FROM ours)) AS object
            WHERE NOT EXISTS (SELECT 1 FROM pg_depend
                WHERE classid = object.class AND objid = object.oid AND deptype = 'e'))
        """
}
