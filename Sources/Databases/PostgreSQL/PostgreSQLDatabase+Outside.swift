package import DatabasePatches
import Text

extension PostgreSQLDatabase {
    package func applyOutside(
        _ script: PatchScript, file: String, row: HistoryRow, isAgain: Bool
    ) throws(DatabaseError) -> Int {
        try stop.check()
        var row = row
        if !isAgain {
            row.state = .begun
            try record([row])
        }
        let began = MonotonicTime.milliseconds
        for attempt in 1... {
            do throws(ServerError) {
                // CREATE INDEX CONCURRENTLY waits for transactions of others and keeps nobody waiting meanwhile.
                try reset(lockTimeout: script.isConcurrent ? 0 : options.lockTimeout)
                try checkLocks()
                try removeInvalid(script.index)
                try work.run(script.bytes[script.statements[0]])
                let duration = MonotonicTime.milliseconds - began
                try work.query(
                    """
                    UPDATE portcullis.portcullis_patches SET state = 'applied', duration_ms = $2::bigint, run = $3
                    WHERE number = $1::bigint AND is_patch
                    """, ["\(row.number)", "\(duration)", row.run])
                return duration
            } catch {
                if error.isTemporary, attempt < options.attempts {
                    options.tell(
                        "\(file.printable): \(error.shown); attempt \(attempt + 1) of \(options.attempts) follows")
                    try stop.wait(milliseconds: Int32.random(in: 500...2_000))
                    continue
                }
                throw undone(error, script, file: file, row)
            }
        }
        throw DatabaseError(.locked, file)
    }

    /// Takes away what the statement has left, and with it the row that says that it was begun.
    private func undone(_ error: ServerError, _ script: PatchScript, file: String, _ row: HistoryRow) -> DatabaseError {
        let begun =
            "\(file.printable): it is begun, and whether it was carried out is not known: patch again, which completes it"
        if error.isLost { return DatabaseError(.unknown, begun, more: ["  \(error.shown)"]) }
        let described =
            error.isStopped
            ? DatabaseError(.stopped, "\(file.printable): ended by a signal")
            : described(error, script, file: file, batchFrom: script.statements[0].lowerBound)
        do throws(ServerError) {
            try removeInvalid(script.index)
            try work.query(
                "DELETE FROM portcullis.portcullis_patches WHERE number = $1::bigint AND is_patch AND state = 'begun'",
                ["\(row.number)"])
        } catch {
            return described.adding([begun, "  \(error.shown)"])
        }
        return described.adding(["Nothing of \(file.printable) was applied."])
    }

    /// Removes an index that an attempt has left unfinished. IF NOT EXISTS would take it for the one that is wanted.
    private func removeInvalid(_ index: PatchScript.NewIndex?) throws(ServerError) {
        guard let index else { return }
        let rows = try work.query(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relname = $1 AND i.indrelid = to_regclass($2)
            """, [index.name, index.table])
        for row in rows {
            guard let name = row[0] else { continue }
            options.tell("the unfinished index \(name.printable) is removed")
            try work.run("DROP INDEX CONCURRENTLY IF EXISTS \(name)")
        }
    }
}
