import Text

extension PostgreSQLDatabase {
    /// The first number of the advisory locks; the second is 1 for the patcher, 2 for the session that works.
    static let lockClass = 1_886_351_988

    package func lock() throws(DatabaseError) {
        do throws(ServerError) {
            guard try !isTrue("SELECT pg_is_in_recovery()") else {
                throw ServerError(state: "25006", message: "this server is a standby, which takes no changes")
            }
        } catch {
            guard error.state.isExactly("25006") else { throw error.error("asking the server") }
            throw DatabaseError(.readOnly, error.message + ": connect to the primary (target_session_attrs=read-write)")
        }
        for session in [guardian, work] where session.versionNumber >= 140_000 {
            _ = try? session.query("SELECT set_config('idle_session_timeout', '0', false)")
        }
        try take(1, on: guardian)
        try take(2, on: work)
    }

    /// Takes an advisory lock by asking again and again. A session that waits for one in the server has a snapshot, for
    /// which CREATE INDEX CONCURRENTLY waits in turn.
    func take(_ number: Int, on session: PostgreSQLSession) throws(DatabaseError) {
        let deadline = MonotonicTime.seconds + options.patience
        var told = 0
        while true {
            do throws(ServerError) {
                let rows = try session.query(
                    "SELECT pg_try_advisory_lock($1::int, $2::int)", ["\(Self.lockClass)", "\(number)"])
                if PostgreSQLSession.isTrue(rows) { return }
            } catch {
                throw error.error("taking the lock")
            }
            let now = MonotonicTime.seconds
            if now >= deadline || now >= told + 10 {
                let holder = holder(of: number, session)
                guard now < deadline else { throw DatabaseError(.busy, "\(holder), longer than --lock-wait") }
                options.tell("waiting: \(holder)")
                told = now
            }
            try stop.wait(milliseconds: 300)
        }
    }

    /// Who holds a lock, for people.
    private func holder(of number: Int, _ session: PostgreSQLSession) -> String {
        let rows = try? session.query(
            """
            SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'this host'), a.usename,
                to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), a.state
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = $1::int::oid
                AND l.objid = $2::int::oid AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """, ["\(Self.lockClass)", "\(number)"])
        guard let row = rows?.first else { return "another patcher is at work" }
        let text = { (index: Int) in (row[index] ?? "?").printable }
        let session = "\(text(1)) as \(text(3)) from \(text(2)) since \(text(4)), server process \(text(0))"
        guard number == 1 else {
            return
                "a patcher is gone, and its session still works (\(session)); pg_terminate_backend(\(text(0))) ends it"
        }
        return "another patcher is at work: \(session)"
    }
}
