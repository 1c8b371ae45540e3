import AdminAPI
import GRDB

/// The rows of the event log.
enum EventRows {
    static func load(
        _ db: Database, _ filter: EventFilter, after: Int, before: Int?, limit: Int
    ) throws -> [StoredEvent] {
        let (conditions, arguments) = conditions(filter, after: after, before: before)
        let order = before == nil ? "ASC" : "DESC"
        let events = try Row.fetchAll(
            db, sql: "SELECT * FROM event WHERE \(conditions) ORDER BY id \(order) LIMIT ?",
            arguments: arguments + [limit]
        ).compactMap(StoredEvent.init)
        return before == nil ? events : events.reversed()
    }

    /// An index has the id behind its column, so that the rows of one name, actor or kind come in their order. A plus
    /// sign keeps the others from being used (sqlite.org/optoverview.html): the planner has no statistics.
    private static func conditions(
        _ filter: EventFilter, after: Int, before: Int?
    ) -> (sql: String, arguments: StatementArguments) {
        var conditions = ["id > ?"]
        var arguments: StatementArguments = [after]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        add("id < ?", before)
        // The most selective one comes first.
        var isNarrow = false
        for (column, value) in [("name", filter.name), ("actor", filter.actor), ("kind", filter.kind?.rawValue)] {
            add(isNarrow ? "+\(column) = ?" : "\(column) = ?", value)
            if value != nil { isNarrow = true }
        }
        add("time >= ?", filter.since)
        add("time < ?", filter.until)
        return (conditions.joined(separator: " AND "), arguments)
    }

    static func store(_ db: Database, _ event: EventEntry) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO event (time, actor, action, kind, name, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            event.time, event.actor, event.action.rawValue, event.kind.rawValue, event.name, event.before,
            event.after,
        ])
    }
}

extension StoredEvent {
    fileprivate init?(_ row: Row) {
        guard let action = ChangeAction(rawValue: row["action"]), let kind = ResourceKind(rawValue: row["kind"])
        else { return nil }
        self.init(
            id: row["id"],
            entry: EventEntry(
                action, kind, row["name"], before: row["before"], after: row["after"], by: row["actor"],
                at: row["time"]))
    }
}
