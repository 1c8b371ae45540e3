package import AdminAPI
package import Cloud
import GRDB

extension Registry {
    /// The oldest events with ids above `after`, oldest first.
    package func events(after: Int, limit: Int) async throws -> EventPage {
        let rows = try await events("id > ? ORDER BY id LIMIT ?", [after, limit + 1])
        let events = Array(rows.prefix(limit))
        return EventPage(events: events, next: rows.count > limit ? events.last?.id : nil)
    }

    /// The newest events with ids above `after` and below `before`, oldest first. There is no next page: what went
    /// before them is asked for with the first one's id.
    package func events(after: Int, before: Int, limit: Int) async throws -> EventPage {
        let rows = try await events("id > ? AND id < ? ORDER BY id DESC LIMIT ?", [after, before, limit])
        return EventPage(events: rows.reversed(), next: nil)
    }

    private func events(_ condition: String, _ arguments: StatementArguments) async throws -> [EventResource] {
        try await RegistryError.translating {
            try await database.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM event WHERE \(condition)", arguments: arguments)
                    .compactMap(EventResource.init)
            }
        }
    }
}

extension EventResource {
    fileprivate init?(_ row: Row) {
        guard let action = ChangeAction(rawValue: row["action"]), let kind = ResourceKind(rawValue: row["kind"])
        else { return nil }
        self.init(
            id: row["id"], time: row["time"], actor: row["actor"], action: action, kind: kind, name: row["name"],
            before: row["before"], after: row["after"])
    }
}

/// What is written to the event log.
struct EventEntry: Sendable {
    package var action: ChangeAction
    package var kind: ResourceKind
    package var name: String
    package var before: String?
    package var after: String?

    init(
        action: ChangeAction, kind: ResourceKind, name: String, before: String? = nil, after: String? = nil
    ) {
        self.action = action
        self.kind = kind
        self.name = name
        self.before = before
        self.after = after
    }

    init(_ change: CloudDifference.Change) {
        self.init(
            action: ChangeAction(change.action), kind: ResourceKind(change.kind), name: change.name,
            before: change.before, after: change.after)
    }

    package func store(_ db: Database, actor: String, time: String) throws {
        try db.execute(
            sql: "INSERT INTO event (time, actor, action, kind, name, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [time, actor, action.rawValue, kind.rawValue, name, before, after])
    }
}

extension ChangeAction {
    package init(_ action: CloudDifference.Action) {
        self =
            switch action {
            case .create: .create
            case .update: .update
            case .delete: .delete
            }
    }
}

extension ResourceKind {
    package init(_ kind: CloudDifference.Kind) {
        self =
            switch kind {
            case .location: .location
            case .pool: .pool
            case .server: .server
            case .type: .type
            case .service: .service
            case .mark: .mark
            case .secret: .secret
            }
    }
}
