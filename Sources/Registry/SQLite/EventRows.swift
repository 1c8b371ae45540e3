import AdminAPI
import GRDB

/// The rows of the event log.
enum EventRows {
    static func load(_ db: Database, after: Int, before: Int?, limit: Int) throws -> [StoredEvent] {
        if let before {
            return try load(db, "id > ? AND id < ? ORDER BY id DESC LIMIT ?", [after, before, limit]).reversed()
        }
        return try load(db, "id > ? ORDER BY id LIMIT ?", [after, limit])
    }

    private static func load(
        _ db: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [StoredEvent] {
        try Row.fetchAll(db, sql: "SELECT * FROM event WHERE \(condition)", arguments: arguments)
            .compactMap(StoredEvent.init)
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
