import CPostgreSQL
import Glibc
import Text

/// A connection string, read, with what is added to it.
struct PostgreSQLTarget {
    private var options: [(keyword: String, value: String)]

    /// What holds unless the connection string says otherwise. A connection that is lost is noticed within a minute.
    private static let defaults = [
        ("connect_timeout", "10"), ("keepalives_idle", "20"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "50000"),
    ]

    /// - Throws: an error without the text, which has a password.
    init(_ text: String, applicationName: String) throws(DatabaseError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(text, &message) else {
            PQfreemem(message)
            throw DatabaseError(
                .file,
                "the connection is none of PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE, or host=HOST dbname=DATABASE "
                    + "user=USER password=PASSWORD; in the first form, other characters than letters and digits are written "
                    + "as %40")
        }
        defer { PQconninfoFree(parsed) }
        options = []
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        for (keyword, value) in Self.defaults where self[keyword] == nil { options.append((keyword, value)) }
        set("application_name", applicationName)
        set("client_encoding", "UTF8")
    }

    subscript(keyword: String) -> String? { options.last { $0.keyword.isExactly(keyword) }?.value }

    mutating func set(_ keyword: String, _ value: String) {
        options.removeAll { $0.keyword.isExactly(keyword) }
        options.append((keyword, value))
    }

    /// The text without the password, should a message have it.
    func withoutSecret(_ text: String) -> String {
        guard let password = self["password"], password.utf8.count >= 4 else { return text }
        let mark = Array("***".utf8)
        // exact: these are bytes
        let bytes = Array(text.utf8).replacing(Array(password.utf8), with: mark)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Opens a connection.
    func connect() throws(DatabaseError) -> OpaquePointer {
        let keywords = options.map { strdup($0.keyword) } + [nil]
        let values = options.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        let connection = keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectdbParams(keywords.baseAddress, values.baseAddress, 0)
            }
        }
        guard let connection else { throw DatabaseError(.unreachable, "no memory for a connection") }
        guard PQstatus(connection) == CONNECTION_OK else {
            let message = withoutSecret(String(cString: PQerrorMessage(connection)).withoutSurroundingSpace.description)
            PQfinish(connection)
            throw DatabaseError(.unreachable, message.printableLines)
        }
        return connection
    }
}
