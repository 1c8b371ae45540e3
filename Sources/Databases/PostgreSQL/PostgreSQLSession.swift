import CPostgreSQL
import Glibc
import Text

/// One connection to a PostgreSQL server.
final class PostgreSQLSession {
    private let connection: OpaquePointer
    private var isOpen = true
    private let stop: StopSignal
    private let notices: Notices
    /// Called every few seconds while a statement runs.
    var meanwhile: () -> Void = {}

    private static let pulse: Int32 = 5_000

    /// What the server remarks, for people.
    private final class Notices {
        let tell: @Sendable (String) -> Void
        init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }
    }

    init(_ target: PostgreSQLTarget, _ stop: StopSignal, tell: @escaping @Sendable (String) -> Void)
        throws(DatabaseError)
    {
        connection = try target.connect()
        self.stop = stop
        notices = Notices(tell)
        PQsetNoticeProcessor(
            connection,
            { context, message in
                guard let context, let message else { return }
                let text = String(cString: message).withoutSurroundingSpace
                Unmanaged<Notices>.fromOpaque(context).takeUnretainedValue().tell(String(text))
            }, Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit { close() }

    /// Ends the connection. Nothing else is called afterwards.
    func close() {
        if isOpen { PQfinish(connection) }
        isOpen = false
    }

    /// The number of the server's process, as it was told when the connection was made. A pooler tells another.
    var announcedProcess: Int { Int(PQbackendPID(connection)) }

    /// The server's version, as `15.18 (Debian 15.18-0+deb12u1)`.
    var version: String { PQparameterStatus(connection, "server_version").map { String(cString: $0) } ?? "?" }

    /// The server's version as a number: 150018.
    var versionNumber: Int { Int(PQserverVersion(connection)) }

    /// The database's name.
    var database: String { PQdb(connection).map { String(cString: $0) } ?? "?" }

    /// Carries out one statement with parameters, and returns the rows.
    @discardableResult
    func query(_ sql: String, _ parameters: [String?] = []) throws(ServerError) -> [[String?]] {
        let values = parameters.map { $0.flatMap { strdup($0) } }
        defer { for value in values { free(value) } }
        let sent = values.map { UnsafePointer($0) }.withUnsafeBufferPointer {
            PQsendQueryParams(connection, sql, Int32(parameters.count), nil, $0.baseAddress, nil, nil, 0)
        }
        guard sent == 1 else { throw lost() }
        return try results().rows
    }

    /// Carries out a text of several statements.
    /// - Returns: what the server calls the last one: `COMMIT`.
    @discardableResult
    func run(_ sql: String) throws(ServerError) -> String { try run(Array(sql.utf8)[...]) }

    @discardableResult
    func run(_ bytes: ArraySlice<UInt8>) throws(ServerError) -> String {
        let text = bytes + [0]
        let sent = text.withUnsafeBufferPointer {
            $0.withMemoryRebound(to: CChar.self) { PQsendQuery(connection, $0.baseAddress) }
        }
        guard sent == 1 else { throw lost() }
        return try results().tag
    }

    /// Whether a transaction is open, even a failed one.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    private func lost() -> ServerError {
        var error = ServerError(message: String(String(cString: PQerrorMessage(connection)).withoutSurroundingSpace))
        error.isLost = PQstatus(connection) == CONNECTION_BAD
        if error.message.isEmpty { error.message = "the connection was lost" }
        return error
    }

    private func results() throws(ServerError) -> (rows: [[String?]], tag: String) {
        var rows: [[String?]] = []
        var tag = ""
        var failure: ServerError?
        var completed = 0
        while true {
            do throws(ServerError) { try waitForResult() } catch {
                var error = error
                error.completed = completed
                throw error
            }
            guard let result = PQgetResult(connection) else { break }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK:
                rows = Self.rows(result)
                tag = String(cString: PQcmdStatus(result))
                completed += 1
            case PGRES_COMMAND_OK:
                tag = String(cString: PQcmdStatus(result))
                completed += 1
            case PGRES_EMPTY_QUERY: break
            case PGRES_COPY_IN, PGRES_COPY_BOTH: PQputCopyEnd(connection, "the runner of patches has no data")
            case PGRES_COPY_OUT:
                var buffer: UnsafeMutablePointer<CChar>?
                while PQgetCopyData(connection, &buffer, 0) > 0 { PQfreemem(buffer) }
            default: if failure == nil { failure = error(result, completed) }
            }
            if PQstatus(connection) == CONNECTION_BAD { break }
        }
        if PQstatus(connection) == CONNECTION_BAD {
            var error = failure ?? lost()
            error.isLost = true
            throw error
        }
        if var failure {
            failure.isStopped = stop.isAsked
            throw failure
        }
        return (rows, tag)
    }

    /// Waits until a result can be taken. A signal cancels the statement.
    private func waitForResult() throws(ServerError) {
        while PQisBusy(connection) == 1 {
            var polls = [
                pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polls, 2, Self.pulse)
            if count == 0 { meanwhile() }
            if stop.take() { cancel() }
            if polls[0].revents != 0, PQconsumeInput(connection) != 1 { throw lost() }
        }
    }

    private func cancel() {
        guard let cancel = PQgetCancel(connection) else { return }
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(cancel, &message, Int32(message.count))
        PQfreeCancel(cancel)
    }

    /// Whether the first value of rows is true.
    static func isTrue(_ rows: [[String?]]) -> Bool { rows.first?.first??.isExactly("t") == true }

    private static func rows(_ result: OpaquePointer) -> [[String?]] {
        (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
    }

    private func error(_ result: OpaquePointer, _ completed: Int) -> ServerError {
        let field = { (code: Int32) in PQresultErrorField(result, code).map { String(cString: $0) } }
        let severity = field(cpq_severity) ?? ""
        var error = ServerError(
            state: field(cpq_state) ?? "",
            message: field(cpq_message)
                ?? String(String(cString: PQresultErrorMessage(result)).withoutSurroundingSpace),
            detail: field(cpq_detail), hint: field(cpq_hint), context: field(cpq_context),
            position: field(cpq_position).flatMap { Int($0) }, completed: completed)
        // The server ends, or has ended this session.
        error.isLost = severity.isExactly("FATAL") || severity.isExactly("PANIC")
        if error.message.isEmpty { error.message = "the connection was lost" }
        return error
    }
}
