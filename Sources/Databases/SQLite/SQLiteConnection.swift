import CSQLite
import Glibc

/// What SQLite has to say against a statement.
struct SQLiteError: Error {
    let code: Int32
    let message: String
    /// How many bytes of the statement are before the place.
    var offset = 0
    /// Whether a signal asked for the end.
    var isStopped = false

    /// Another connection writes.
    var isBusy: Bool { code & 0xFF == SQLITE_BUSY || code & 0xFF == SQLITE_LOCKED }

    var name: String { String(cString: sqlite3_errstr(code)) }

    /// The error outside a patch.
    func error(_ doing: String) -> DatabaseError {
        if isStopped { return StopSignal.error }
        return DatabaseError(isBusy ? .locked : .statement, "\(doing): \(message)", state: name)
    }
}

/// A connection to SQLite.
final class SQLiteConnection {
    private let connection: OpaquePointer
    private let stop: StopSignal

    /// How many instructions of SQLite's machine pass between two looks for a signal.
    private static let pulse: Int32 = 100_000

    /// - Parameter isMade: whether a file is made if there is none.
    init(_ path: String, isMade: Bool, patience: Int, _ stop: StopSignal) throws(SQLiteError) {
        self.stop = stop
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | (isMade ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: String(cString: sqlite3_errstr(code)))
        }
        connection = opened
        sqlite3_busy_timeout(connection, Int32(patience * 1_000))
        sqlite3_progress_handler(
            connection, Self.pulse,
            { context in
                context.map { Unmanaged<StopSignal>.fromOpaque($0).takeUnretainedValue().take() } == true ? 1 : 0
            }, Unmanaged.passUnretained(stop).toOpaque())
    }

    deinit { close() }

    private var isOpen = true

    /// Ends the connection. Nothing else is called afterwards.
    func close() {
        if isOpen { sqlite3_close_v2(connection) }
        isOpen = false
    }

    /// Whether no transaction is open.
    var isOutside: Bool { sqlite3_get_autocommit(connection) != 0 }

    /// Carries out one statement with parameters, and returns the rows.
    @discardableResult
    func query(_ sql: String, _ parameters: [String?] = []) throws(SQLiteError) -> [[String?]] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK else { throw error() }
        defer { sqlite3_finalize(statement) }
        for (index, value) in parameters.enumerated() {
            if let value {
                csqlite_bind_text(statement, Int32(index + 1), value, Int32(value.utf8.count))
            } else {
                sqlite3_bind_null(statement, Int32(index + 1))
            }
        }
        var rows: [[String?]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                rows.append(
                    (0..<sqlite3_column_count(statement)).map { column in
                        sqlite3_column_text(statement, column).map { String(cString: $0) }
                    })
            case SQLITE_DONE: return rows
            default: throw error()
            }
        }
    }

    /// Carries out all statements of a text, and takes no notice of rows.
    /// - Throws: `SQLiteError`, whose offset is that in the text.
    func run(_ bytes: ArraySlice<UInt8>) throws(SQLiteError) {
        let text = bytes.map { CChar(bitPattern: $0) } + [0]
        var failure: SQLiteError?
        text.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            var at = start
            while at.pointee != 0, failure == nil {
                do throws(SQLiteError) { at = try step(at) } catch {
                    var error = error
                    error.offset += Self.skipped(at) + (at - start)
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    /// Carries out the first statement of a text, and returns where the rest begins.
    private func step(_ text: UnsafePointer<CChar>) throws(SQLiteError) -> UnsafePointer<CChar> {
        var statement: OpaquePointer?
        var rest: UnsafePointer<CChar>?
        guard sqlite3_prepare_v2(connection, text, -1, &statement, &rest) == SQLITE_OK else {
            var error = error()
            // From the beginning of the text; what is skipped is added again.
            let offset = Int(sqlite3_error_offset(connection))
            error.offset = offset >= 0 ? offset - Self.skipped(text) : 0
            throw error
        }
        defer { sqlite3_finalize(statement) }
        if statement != nil {
            var code = sqlite3_step(statement)
            while code == SQLITE_ROW { code = sqlite3_step(statement) }
            guard code == SQLITE_DONE else { throw error() }
        }
        return rest ?? text
    }

    /// How many bytes of spaces and comments are before a statement.
    private static func skipped(_ text: UnsafePointer<CChar>) -> Int {
        let bytes = UnsafeBufferPointer(
            start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: strlen(text))
        var at = 0
        while at < bytes.count {
            if bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: ";") {
                at += 1
            } else if bytes[at...].starts(with: "--".utf8) {
                at = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
            } else if bytes[at...].starts(with: "/*".utf8) {
                at += 2
                while at < bytes.count, !bytes[at...].starts(with: "*/".utf8) { at += 1 }
                at = min(at + 2, bytes.count)
            } else {
                return at
            }
        }
        return 0
    }

    private func error() -> SQLiteError {
        let code = sqlite3_extended_errcode(connection)
        return SQLiteError(
            code: code, message: String(cString: sqlite3_errmsg(connection)),
            isStopped: code & 0xFF == SQLITE_INTERRUPT && stop.isAsked)
    }
}
