import JSON
import Names

/// A gateway as its polls describe it (`GET /v1/gateways`).
public struct GatewayResource: Sendable, Hashable {
    /// What pacemaker has made of the gateway.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case active, passive
    }

    /// An export that the gateway's guard holds back: the one before stays in force there.
    public struct HeldExport: Sendable, Hashable {
        /// What the gateway's operator has said to it.
        public enum Decision: String, Sendable, Hashable, CaseIterable {
            /// Nothing yet.
            case pending
            /// It must not be applied.
            case rejected
        }

        /// The ETag, including quotes.
        public var etag: String
        /// The guard's objections, in the gateway's words.
        public var reason: String?
        public var decision: Decision
        /// When ADMIN first saw that it is held back, RFC 3339 in UTC.
        public var since: String

        public init(etag: String, reason: String?, decision: Decision, since: String) {
            self.etag = etag
            self.reason = reason
            self.decision = decision
            self.since = since
        }
    }

    public var name: String
    public var location: String
    /// The gateway's role in its pair; `nil` if it does not say.
    public var role: Role?
    /// The ETag, including quotes, of the export that the gateway's kernel agrees with; `nil` if there is none yet.
    public var applied: String?
    /// When ADMIN first saw that export applied, RFC 3339 in UTC.
    public var since: String
    /// The time of the last poll, RFC 3339 in UTC.
    public var lastPoll: String
    /// Seconds since the last poll; 0 while a poll is held (`Prefer: wait`).
    public var age: Double
    /// The ETag of the location's export now, in the version that the gateway reads; `nil` when the location is gone.
    public var current: String?
    /// Whether `applied` is `current`. Never where the gateway reads no version that can express the export.
    public var inSync: Bool
    /// The export that the gateway's guard holds back; `nil` if there is none.
    public var held: HeldExport?
    /// How many steps the gateway's kernel has refused; `nil` if the gateway does not say.
    public var failures: Int?
    /// The newest version of the export that the gateway reads.
    public var exportVersion: Int
    /// The version that its location's export needs, where the gateway reads older ones only: it gets none until it is
    /// upgraded. `nil`: it reads the export.
    public var neededVersion: Int?

    public init(
        name: String, location: String, role: Role?, applied: String?, since: String, lastPoll: String, age: Double,
        current: String?, inSync: Bool, held: HeldExport? = nil, failures: Int? = nil, exportVersion: Int = 1,
        neededVersion: Int? = nil
    ) {
        self.name = name
        self.location = location
        self.role = role
        self.applied = applied
        self.since = since
        self.lastPoll = lastPoll
        self.age = age
        self.current = current
        self.inSync = inSync
        self.held = held
        self.failures = failures
        self.exportVersion = exportVersion
        self.neededVersion = neededVersion
    }
}

/// One entry of the event log.
public struct EventResource: Sendable, Hashable {
    /// Counts upwards from 1.
    public var id: Int
    /// RFC 3339 in UTC.
    public var time: String
    /// The name of the token, or `anonymous`.
    public var actor: String
    public var action: ChangeAction
    public var kind: ResourceKind
    /// The name of the object; `location/pool` for a pool, `location/rule` for an egress rule.
    public var name: String
    /// The object before, in one line; `nil` if it was created.
    public var before: String?
    /// The object afterwards, in one line; `nil` if it was deleted.
    public var after: String?

    public init(
        id: Int, time: String, actor: String, action: ChangeAction, kind: ResourceKind, name: String,
        before: String?, after: String?
    ) {
        self.id = id
        self.time = time
        self.actor = actor
        self.action = action
        self.kind = kind
        self.name = name
        self.before = before
        self.after = after
    }
}

/// A page of events, oldest first (`GET /v1/events?after=ID&limit=N`). The header `Link` names the next page.
public struct EventPage: Sendable, Hashable {
    public var events: [EventResource]

    public init(events: [EventResource]) { self.events = events }
}

// MARK: Forms

extension GatewayResource: Described {
    package static let form = Form<Self>.object(
        "Gateway", .required("name", .name(.gateway), \.name),
        .required("location", .name(.location), \.location), .nullable("role", .choice, \.role),
        .nullable("applied", .text, \.applied), .required("since", .time, \.since),
        .required("lastPoll", .time, \.lastPoll), .required("age", .amount, \.age),
        .nullable("current", .text, \.current), .required("inSync", .boolean, \.inSync),
        .present("held", HeldExport.form, \.held), .present("failures", .integer(atLeast: 0), \.failures),
        .required("exportVersion", countFromOne, before: 1, \.exportVersion),
        .present("neededVersion", countFromOne, \.neededVersion)
    ) {
        GatewayResource(
            name: $0, location: $1, role: $2, applied: $3, since: $4, lastPoll: $5, age: $6, current: $7, inSync: $8,
            held: $9, failures: $10, exportVersion: $11, neededVersion: $12)
    }
}

extension GatewayResource.HeldExport: Described {
    package static let form = Form<Self>.object(
        "HeldExport", .required("etag", .text, \.etag), .present("reason", .text, \.reason),
        .required("decision", .choice, \.decision), .required("since", .time, \.since)
    ) { GatewayResource.HeldExport(etag: $0, reason: $1, decision: $2, since: $3) }
}

extension EventResource: Described {
    package static let form = Form<Self>.object(
        "Event", .required("id", countFromOne, \.id), .required("time", .time, \.time),
        .required("actor", .actor, \.actor), .required("action", .choice, \.action),
        .required("kind", .choice, \.kind), .required("name", .text, \.name),
        .nullable("before", .text, \.before), .nullable("after", .text, \.after)
    ) { EventResource(id: $0, time: $1, actor: $2, action: $3, kind: $4, name: $5, before: $6, after: $7) }
}

extension EventPage: Described {
    package static let form = Form<Self>.object(
        "EventPage", .required("events", .list(of: EventResource.form), \.events)
    ) { EventPage(events: $0) }
}
