import GRDB

/// Converts SQLite's errors to those of the registry.
enum SQLiteError {
    /// Runs `body`. Throws an error of SQLite as `RegistryError.unavailable`.
    static func translating<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw RegistryError.unavailable(text(of: error))
        }
    }

    static func text(of error: DatabaseError) -> String {
        let reason =
            switch error.resultCode {
            case .SQLITE_FULL: "the disk is full"
            // SQLite answers so when it writes zeros to make the -shm file larger and the system takes none (os_unix.c,
            // unixShmMap); it does not say ENOSPC there as it does for the database and the write-ahead log.
            case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: "the disk is full"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "the database is locked by another process"
            case .SQLITE_READONLY: "the database is read-only"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: "the database is damaged"
            case .SQLITE_CANTOPEN: "the database cannot be opened"
            case .SQLITE_IOERR: "the disk answers with errors"
            default: "the database answers with an error"
            }
        let code = error.extendedResultCode.rawValue
        return "\(reason) (SQLite \(code)\(error.message.map { ": \($0)" } ?? ""))"
    }
}
