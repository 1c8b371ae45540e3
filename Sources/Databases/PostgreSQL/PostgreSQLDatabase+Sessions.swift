import Text

extension PostgreSQLDatabase {
    /// Finds out whether both sessions are the program's own: a pooler that hands out transactions gives each transaction
    /// another session, so locks and settings are lost.
    func checkSessions() throws(DatabaseError) {
        do throws(ServerError) {
            let mark = String(UInt64.random(in: 0 ... .max), radix: 16)
            for (session, name) in [(work, "work"), (guardian, "guard")] {
                try session.query("SELECT set_config('portcullis.session', $1, false)", [name + mark])
            }
            var first: [String: String] = [:]
            // In an order in which two that take turns would be noticed.
            for name in ["work", "guard", "guard", "work", "work", "guard", "work", "guard", "guard"] {
                let session = name.isExactly("work") ? work : guardian
                let row = try session.query("SELECT pg_backend_pid(), current_setting('portcullis.session', true)")
                    .first
                let process = row?[0] ?? ""
                first[name] = first[name] ?? process
                guard first[name]!.isExactly(process), row?[1] == name + mark else { throw Self.pooled }
            }
            guard let one = first["work"], let other = first["guard"], !one.isExactly(other) else { throw Self.pooled }
            processes = (Int(one) ?? 0, Int(other) ?? 0)
            if work.announcedProcess != processes.work {
                between = "a pooler that leaves each client its session"
            }
        } catch {
            guard !error.state.isExactly("portcullis") else {
                throw DatabaseError(
                    .pooler,
                    "a pooler between this and the server hands out transactions, not sessions (pgbouncer: pool_mode = "
                        + "transaction), so that no lock would hold: connect to the server itself, or to a pool of sessions"
                )
            }
            throw error.error("asking the server")
        }
    }

    private static let pooled = ServerError(state: "portcullis")

    /// Finds out, in a transaction, whether both locks are held by the sessions that took them.
    func checkLocks() throws(ServerError) {
        let rows = try work.query(
            """
            SELECT pg_backend_pid() = $1::int AND 2 = (
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $3::int::oid
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND (objid = 1 AND pid = $2::int OR objid = 2 AND pid = $1::int))
            """, ["\(processes.work)", "\(processes.guardian)", "\(Self.lockClass)"])
        guard PostgreSQLSession.isTrue(rows) else {
            throw ServerError(
                message: "the session with the lock was ended meanwhile, so that another patcher may begin")
        }
    }

    /// Puts the session that works into the state that each patch finds.
    /// - Parameter lockTimeout: in seconds; 0: none.
    func reset(lockTimeout: Int) throws(ServerError) {
        try work.run(
            """
            RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD TEMP;
            SET standard_conforming_strings = on; SET lock_timeout = '\(lockTimeout)s';
            SET statement_timeout = '\(options.statementTimeout)s'; SET idle_in_transaction_session_timeout = 0
            """)
        // So that the server notices soon if this program is gone.
        if work.versionNumber >= 140_000 {
            _ = try? work.query(
                "SELECT set_config('client_connection_check_interval', '5s', false), "
                    + "set_config('idle_session_timeout', '0', false)")
        }
    }

    /// Replaces the session that works after its connection was lost, and waits until the one before has ended, so that what
    /// it did is final.
    func reconnect() throws(DatabaseError) {
        let deadline = MonotonicTime.seconds + 60
        while true {
            do throws(DatabaseError) {
                work = try PostgreSQLSession(target, stop, tell: options.tell)
                let isGuarding = (try? guardian.query("SELECT 1")) != nil
                if !isGuarding {
                    guardian = try PostgreSQLSession(target, stop, tell: options.tell)
                }
                try checkSessions()
                keepAlive()
                if !isGuarding { try take(1, on: guardian) }
                return try take(2, on: work)
            } catch {
                guard error.code == .unreachable || error.code == .lost, MonotonicTime.seconds < deadline else {
                    throw error
                }
                options.tell("connecting again: \(error.message)")
                try stop.wait(milliseconds: 1_000)
            }
        }
    }
}
