/// The kind of a database.
package enum DatabaseEngine: String, Sendable, Hashable {
    case postgresql
    case sqlite

    /// Its name for people.
    package var title: String {
        switch self {
        case .postgresql: "PostgreSQL"
        case .sqlite: "SQLite"
        }
    }
}
