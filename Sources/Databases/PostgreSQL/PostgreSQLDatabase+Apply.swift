package import DatabasePatches
import Text

extension PostgreSQLDatabase {
    package func apply(_ script: PatchScript, file: String, rows: [HistoryRow]) throws(DatabaseError) -> Int {
        for attempt in 1... {
            try stop.check()
            do throws(Failure) { return try transact(script, file: file, rows: rows) } catch {
                guard case .temporary(let server, let final) = error else { throw error.final }
                guard attempt < options.attempts else { throw final.adding(["  \(attempt) attempts were made"]) }
                options.tell(
                    "\(file.printable): \(server.shown); attempt \(attempt + 1) of \(options.attempts) follows")
                try stop.wait(milliseconds: Int32.random(in: 500...2_000))
            }
        }
        throw DatabaseError(.locked, file)
    }

    package func record(_ rows: [HistoryRow]) throws(DatabaseError) {
        do throws(ServerError) {
            try reset(lockTimeout: options.lockTimeout)
            try work.run("BEGIN")
            try checkLocks()
            try write(rows)
            try commit()
        } catch {
            _ = try? work.run("ROLLBACK")
            throw error.error("writing the history")
        }
    }

    /// A patch that did not succeed.
    enum Failure: Error {
        /// The same may succeed later.
        case temporary(ServerError, DatabaseError)
        case final(DatabaseError)

        var final: DatabaseError {
            switch self {
            case .temporary(_, let error), .final(let error): error
            }
        }
    }

    private func transact(_ script: PatchScript, file: String, rows: [HistoryRow]) throws(Failure) -> Int {
        let began = MonotonicTime.milliseconds
        var from = 0
        do throws(ServerError) {
            try reset(lockTimeout: options.lockTimeout)
            try work.run("BEGIN")
            try checkLocks()
            from = script.bytes.count
            for batch in script.batches {
                from = batch.lowerBound
                try checkStop()
                try work.run(script.bytes[batch])
            }
            from = script.bytes.count
            // Whatever was put off to the end of the transaction is checked now, and the history is ours again.
            try work.run("SET CONSTRAINTS ALL IMMEDIATE; RESET SESSION AUTHORIZATION; RESET ROLE")
            var rows = rows
            for index in rows.indices where rows[index].state == .applied || rows[index].state == .installed {
                rows[index].duration = MonotonicTime.milliseconds - began
            }
            try write(rows)
            try checkStop()
        } catch {
            throw failure(error, script, file: file, batchFrom: from, rows)
        }
        do throws(ServerError) { try commit() } catch {
            guard error.isLost else { throw failure(error, script, file: file, batchFrom: from, rows) }
            do throws(DatabaseError) { try resolve(rows, file: file, error) } catch { throw .final(error) }
        }
        return MonotonicTime.milliseconds - began
    }

    /// Throws if a signal has come that may have found nothing to cancel.
    private func checkStop() throws(ServerError) {
        if stop.isAsked { throw ServerError(message: "ended by a signal", isStopped: true) }
    }

    func commit() throws(ServerError) {
        let tag = try work.run("COMMIT")
        guard tag.isExactly("COMMIT") else { throw ServerError(message: "the transaction was rolled back") }
    }

    /// A COMMIT whose answer was lost: the history says whether it took effect, once the session is known to have ended.
    private func resolve(_ rows: [HistoryRow], file: String, _ lost: ServerError) throws(DatabaseError) {
        options.tell("\(file.printable): the answer to COMMIT was lost (\(lost.shown)): looking into the history")
        do throws(DatabaseError) {
            try reconnect()
            if case .history(let found) = try content(), found.contains(where: { $0.run.isExactly(rows[0].run) }) {
                return
            }
        } catch {
            throw DatabaseError(
                .unknown,
                "\(file.printable): the answer to its COMMIT was lost, and the server cannot be asked now, so it is not "
                    + "known whether all of it is there or nothing: portcullis-database check says it later",
                more: ["  \(error.message)"])
        }
        throw DatabaseError(
            .lost, "\(file.printable): the connection was lost, and nothing of it was applied: patch again")
    }

    /// Makes of what the server says what people are told, after the transaction has been ended.
    private func failure(
        _ error: ServerError, _ script: PatchScript, file: String, batchFrom: Int, _ rows: [HistoryRow]
    ) -> Failure {
        if error.isLost {
            return .final(
                DatabaseError(
                    .lost,
                    "\(file.printable): the connection was lost, and nothing of it was applied (the server undoes it): patch "
                        + "again", more: ["  \(error.shown)"]))
        }
        _ = try? work.run("ROLLBACK")
        if error.isStopped {
            return .final(DatabaseError(.stopped, "\(file.printable): ended by a signal; nothing of it was applied"))
        }
        if error.state.isEmpty { return .final(DatabaseError(.busy, "\(file.printable): \(error.message)")) }
        let described = described(error, script, file: file, batchFrom: batchFrom)
            .adding(["Nothing of \(file.printable) was applied."])
        return error.isTemporary ? .temporary(error, described) : .final(described)
    }

    /// The error with its place in the file: where the server says, or else where the statement begins.
    func described(
        _ error: ServerError, _ script: PatchScript, file: String, batchFrom: Int
    ) -> DatabaseError {
        let code: DatabaseError.Code = error.isTemporary ? .locked : .statement
        guard batchFrom < script.bytes.count else {
            return DatabaseError(
                code, "\(file.printable): at its end: \(error.shown)", more: error.more, state: error.state)
        }
        let offset: Int
        if let position = error.position {
            offset = batchFrom + ScriptPlace.offset(ofCodePoint: position, in: script.bytes[batchFrom...])
        } else {
            let statements = script.statements.drop { $0.lowerBound < batchFrom }
            offset = statements.dropFirst(error.completed).first?.lowerBound ?? batchFrom
        }
        return DatabaseError(
            code, error.shown, file: file, offset: offset, in: script.bytes, more: error.more, state: error.state)
    }
}
