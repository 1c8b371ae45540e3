import CSQLite
package import DatabasePatches
import Glibc
import ServiceSupport
import Text

/// A database in a file of SQLite. A file beside it, `…-patching`, is locked while somebody patches, and never removed.
package final class SQLiteDatabase: Database {
    package let engine = DatabaseEngine.sqlite
    package let between: String? = nil
    package let version = String(cString: sqlite3_libversion())

    let connection: SQLiteConnection
    let options: PatchOptions
    let stop: StopSignal
    private let path: String
    private let applicationName: String
    private var lockFile: CInt = -1

    /// - Parameter isMade: whether a file is made if there is none. Otherwise the database is an empty one, which is kept
    ///   nowhere.
    package convenience init(
        _ file: ConnectionFile, isMade: Bool, applicationName: String, _ options: PatchOptions, _ stop: StopSignal
    ) throws(DatabaseError) {
        let isAbsent = !isMade && FileKind(of: file.target) == nil
        if isAbsent { options.tell("\(file.target.printable): there is no such file") }
        try self.init(
            path: isAbsent ? Self.inMemory : file.target, isMade: isMade || isAbsent, applicationName: applicationName,
            options,
            stop)
    }

    /// A database of its own, which is gone when it is closed.
    private static let inMemory = ":memory:"

    private init(
        path: String, isMade: Bool, applicationName: String, _ options: PatchOptions, _ stop: StopSignal
    ) throws(DatabaseError) {
        (self.path, self.applicationName, self.options, self.stop) = (path, applicationName, options, stop)
        do throws(SQLiteError) {
            connection = try SQLiteConnection(path, isMade: isMade, patience: options.lockTimeout, stop)
        } catch {
            throw DatabaseError(.unreachable, "\(path.printable): \(error.message)", state: error.name)
        }
        // Finds out whether the file is a database.
        try retrying(path) { () throws(SQLiteError) in
            try connection.query("SELECT count(*) FROM sqlite_schema")
        } failed: { error in
            DatabaseError(.unreachable, "\(path.printable): \(error.message)", state: error.name)
        }
    }

    package func close() {
        connection.close()
        if lockFile >= 0 { Glibc.close(lockFile) }
        lockFile = -1
    }

    package func scratch() throws(DatabaseError) -> any Database {
        try SQLiteDatabase(path: Self.inMemory, isMade: true, applicationName: applicationName, options, stop)
    }

    package func content() throws(DatabaseError) -> DatabaseStanding.Content {
        try retrying("the history") { () throws(SQLiteError) in
            try found()
        } failed: { error in
            error.error("reading the history")
        }
    }

    private func found() throws(SQLiteError) -> DatabaseStanding.Content {
        let isUsed = try isTrue(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                + "AND tbl_name NOT IN ('portcullis_patches', 'portcullis_accepted'))")
        guard try hasHistory() else { return isUsed ? .withoutHistory : .empty }
        let newest = try connection.query(
            "SELECT format, program FROM portcullis_patches ORDER BY format DESC LIMIT 1"
        ).first
        if let newest, let format = newest[0].flatMap({ Int($0) }), format > HistoryRow.format {
            return .newer(format: format, program: newest[1] ?? "?")
        }
        if newest == nil { return isUsed ? .withoutHistory : .empty }
        let rows = try connection.query(
            "SELECT number, name, state, digest, duration_ms, began_at, who, version, program, run "
                + "FROM portcullis_patches ORDER BY number, is_patch")
        return .history(
            rows.compactMap { values in
                guard let number = values[0].flatMap({ Int($0) }),
                    let state = HistoryRow.State(rawValue: values[2] ?? "")
                else { return nil }
                return HistoryRow(
                    number: number, name: values[1] ?? "", state: state, digest: PatchDigest(stored: values[3] ?? ""),
                    duration: values[4].flatMap { Int($0) }, time: values[5] ?? "", who: values[6] ?? "",
                    version: values[7], program: values[8] ?? "", run: values[9] ?? "")
            })
    }

    private func isTrue(_ sql: String) throws(SQLiteError) -> Bool {
        try connection.query(sql).first?.first??.isExactly("1") == true
    }

    func hasHistory() throws(SQLiteError) -> Bool { try hasTable("portcullis_patches") }

    func hasTable(_ name: String) throws(SQLiteError) -> Bool {
        try !connection.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name]).isEmpty
    }

    package func lock() throws(DatabaseError) {
        guard !path.isExactly(Self.inMemory) else { return }
        let name = path + "-patching"
        lockFile = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lockFile >= 0 else {
            throw DatabaseError(.readOnly, "\(name.printable): \(String(cString: strerror(errno)))")
        }
        let deadline = MonotonicTime.seconds + options.patience
        var told = 0
        while flock(lockFile, LOCK_EX | LOCK_NB) != 0 {
            let now = MonotonicTime.seconds
            if now >= deadline || now >= told + 10 {
                var bytes = [UInt8](repeating: 0, count: 200)
                let count = max(0, pread(lockFile, &bytes, bytes.count, 0))
                let holder = "another patcher is at work: \(String(decoding: bytes[..<count], as: UTF8.self).printable)"
                guard now < deadline else { throw DatabaseError(.busy, "\(holder), longer than --lock-wait") }
                options.tell("waiting: \(holder)")
                told = now
            }
            try stop.wait(milliseconds: 300)
        }
        ftruncate(lockFile, 0)
        let text = Array(applicationName.utf8)
        _ = pwrite(lockFile, text, text.count, 0)
    }
}
