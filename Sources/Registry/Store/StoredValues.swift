package import AdminAPI
package import Cloud
package import Foundation

/// A revision of a type's meta-configuration: its author and time.
package struct TypeRevision: Sendable, Hashable {
    /// The number of the revision, from 1.
    package var number: Int
    /// The author: the name of a token, or `anonymous`.
    package var changedBy: String
    /// RFC 3339 in UTC.
    package var changedAt: String

    package init(number: Int, changedBy: String, changedAt: String) {
        self.number = number
        self.changedBy = changedBy
        self.changedAt = changedAt
    }
}

/// A token and its hash.
package struct StoredToken: Sendable, Hashable {
    package var record: TokenRecord
    /// The SHA-256 of its secret.
    package var hash: Data

    package init(record: TokenRecord, hash: Data) {
        self.record = record
        self.hash = hash
    }
}

/// What the store tells about a request.
package struct TokenLook: Sendable {
    package var position: StorePosition
    /// The token that was sent, if it exists.
    package var record: TokenRecord?
    /// Whether there is no token at all; determined only if none was sent.
    package var isOpen = false

    package init(position: StorePosition, record: TokenRecord? = nil, isOpen: Bool = false) {
        self.position = position
        self.record = record
        self.isOpen = isOpen
    }
}

/// A gateway in the store.
package struct StoredGateway: Sendable, Hashable {
    package var id: GatewayID
    package var heartbeat: GatewayHeartbeat
    /// When it first reported the export that it has applied.
    package var since: Date?
    /// When it first reported the export that it holds back.
    package var heldSince: Date?
    package var lastPoll: Date?

    package init(id: GatewayID, heartbeat: GatewayHeartbeat, since: Date?, heldSince: Date?, lastPoll: Date?) {
        self.id = id
        self.heartbeat = heartbeat
        self.since = since
        self.heldSince = heldSince
        self.lastPoll = lastPoll
    }
}

/// An entry of the event log.
package struct EventEntry: Sendable, Hashable {
    package var action: ChangeAction
    package var kind: ResourceKind
    package var name: String
    /// The object before, in one line; `nil` if it was created.
    package var before: String?
    /// The object afterwards, in one line; `nil` if it was deleted.
    package var after: String?
    /// The author: the name of a token, or a reserved name of `TokenGrant`.
    package var actor: String
    /// RFC 3339 in UTC.
    package var time: String

    package init(
        _ action: ChangeAction, _ kind: ResourceKind, _ name: String, before: String? = nil, after: String? = nil,
        by actor: String, at time: String
    ) {
        self.action = action
        self.kind = kind
        self.name = name
        self.before = before
        self.after = after
        self.actor = actor
        self.time = time
    }

    package init(_ change: CloudDifference.Change, by actor: String, at time: String) {
        self.init(
            ChangeAction(change.action), ResourceKind(change.kind), change.name, before: change.before,
            after: change.after, by: actor, at: time)
    }
}

/// An event with its number.
package struct StoredEvent: Sendable, Hashable {
    /// The number of the event, counted from 1.
    package var id: Int
    package var entry: EventEntry

    package init(id: Int, entry: EventEntry) {
        self.id = id
        self.entry = entry
    }
}

extension CloudCommit {
    /// One event for each changed object.
    package var events: [EventEntry] { difference.changes.map { EventEntry($0, by: actor, at: time) } }
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
            case .egress: .egress
            case .server: .server
            case .type: .type
            case .service: .service
            case .mark: .mark
            case .secret: .secret
            case .job: .job
            case .rollout: .rollout
            case .move: .move
            }
    }
}
