package import DatabasePatches
import Text

extension SQLiteDatabase {
    package func apply(_ script: PatchScript, file: String, rows: [HistoryRow]) throws(DatabaseError) -> Int {
        let began = MonotonicTime.milliseconds
        var isInScript = false
        try retrying(file) { () throws(SQLiteError) in
            isInScript = false
            try connection.query("PRAGMA foreign_keys = OFF")
            try connection.query("BEGIN IMMEDIATE")
            isInScript = true
            try connection.run(script.bytes[...])
            isInScript = false
            try checkKeys()
            var rows = rows
            for index in rows.indices where rows[index].state == .applied || rows[index].state == .installed {
                rows[index].duration = MonotonicTime.milliseconds - began
            }
            try write(rows)
            if stop.isAsked { throw SQLiteError(code: 9, message: "ended by a signal", isStopped: true) }
            try connection.query("COMMIT")
        } failed: { error in
            described(error, script, file: file, isInScript: isInScript).adding([
                "Nothing of \(file.printable) was applied."
            ])
        }
        return MonotonicTime.milliseconds - began
    }

    package func applyOutside(
        _ script: PatchScript, file: String, row: HistoryRow, isAgain: Bool
    ) throws(DatabaseError) -> Int {
        if !isAgain {
            var begun = row
            begun.state = .begun
            try record([begun])
        }
        let began = MonotonicTime.milliseconds
        try retrying(file) { () throws(SQLiteError) in
            try connection.run(script.bytes[...])
        } failed: { error in
            let described = described(error, script, file: file, isInScript: true)
            do throws(SQLiteError) {
                try connection.query(
                    "DELETE FROM portcullis_patches WHERE number = ?1 AND is_patch AND state = 'begun'",
                    ["\(row.number)"])
                return described.adding(["Nothing of \(file.printable) was applied."])
            } catch {
                return described.adding(["\(file.printable) is begun: patch again, which completes it"])
            }
        }
        let duration = MonotonicTime.milliseconds - began
        try retrying(file) { () throws(SQLiteError) in
            try connection.query(
                "UPDATE portcullis_patches SET state = 'applied', duration_ms = ?2, run = ?3 WHERE number = ?1 AND is_patch",
                ["\(row.number)", "\(duration)", row.run])
        } failed: { error in
            error.error("\(file.printable) is carried out, and the history does not say so: patch again")
        }
        return duration
    }

    package func record(_ rows: [HistoryRow]) throws(DatabaseError) {
        try retrying("the history") { () throws(SQLiteError) in
            try connection.query("BEGIN IMMEDIATE")
            try write(rows)
            try connection.query("COMMIT")
        } failed: { error in
            error.error("writing the history")
        }
    }

    /// Carries something out, again and again while another connection writes. What it leaves open is undone.
    @discardableResult func retrying<Value>(
        _ what: String, _ body: () throws(SQLiteError) -> Value, failed: (SQLiteError) -> DatabaseError
    ) throws(DatabaseError) -> Value {
        for attempt in 1... {
            try stop.check()
            do throws(SQLiteError) { return try body() } catch {
                if !connection.isOutside { _ = try? connection.query("ROLLBACK") }
                guard error.isBusy, attempt < options.attempts else { throw failed(error) }
                options.tell(
                    "\(what.printable): \(error.message); attempt \(attempt + 1) of \(options.attempts) follows")
                try stop.wait(milliseconds: Int32.random(in: 200...1_000))
            }
        }
        throw DatabaseError(.locked, what)
    }

    /// Foreign keys are not enforced while a patch runs, so that it may make a table anew; they are checked at its end.
    private func checkKeys() throws(SQLiteError) {
        let rows = try connection.query("PRAGMA foreign_key_check")
        guard let row = rows.first else { return }
        let others = rows.count > 1 ? " (and \(rows.count - 1) more)" : ""
        throw SQLiteError(
            code: 19,
            message: "PRAGMA foreign_key_check: row \(row[1] ?? "?") of \((row[0] ?? "?").printable) names a row of "
                + "\((row[2] ?? "?").printable) that is not there\(others)")
    }

    private func described(
        _ error: SQLiteError, _ script: PatchScript, file: String, isInScript: Bool
    ) -> DatabaseError {
        if error.isStopped { return DatabaseError(.stopped, "\(file.printable): ended by a signal") }
        let code: DatabaseError.Code = error.isBusy ? .locked : .statement
        guard isInScript else {
            return DatabaseError(code, "\(file.printable): \(error.message)", state: error.name)
        }
        return DatabaseError(code, error.message, file: file, offset: error.offset, in: script.bytes, state: error.name)
    }

    private func write(_ rows: [HistoryRow]) throws(SQLiteError) {
        if try !hasHistory() {
            try connection.query(
                """
                CREATE TABLE portcullis_patches (
                    number INTEGER NOT NULL, is_patch INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
                    digest TEXT NOT NULL, began_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
                    duration_ms INTEGER, who TEXT NOT NULL, version TEXT, program TEXT NOT NULL, format INTEGER NOT NULL,
                    run TEXT NOT NULL, PRIMARY KEY (number, is_patch))
                """)
        }
        for row in rows {
            try connection.query(
                """
                INSERT INTO portcullis_patches
                    (number, is_patch, name, state, digest, duration_ms, who, version, program, format, run)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                """,
                [
                    "\(row.number)", row.state.isOfPatch ? "1" : "0", row.name, row.state.rawValue,
                    row.digest.description,
                    row.duration.map { "\($0)" }, row.who, row.version, row.program, "\(HistoryRow.format)", row.run,
                ])
        }
    }
}
