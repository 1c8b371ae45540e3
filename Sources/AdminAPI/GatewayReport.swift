package import JSON
public import Text

/// What a gateway says of itself beside its polls: how it is, and what it is doing.
public struct GatewayReport: Sendable, Hashable {
    /// Whether an export is in force there, and whether the kernel agrees with it.
    public enum State: String, Codable, Sendable, Hashable, CaseIterable {
        /// There is no export yet.
        case waiting
        /// The kernel was last seen in agreement with the export.
        case synchronized
        /// The kernel agrees with the export in force; a newer one is held back.
        case held
        /// The newest export could not be carried out, or only in part.
        case failing
    }

    /// A real server that waits for its connections to end.
    public struct Drain: Sendable, Hashable {
        /// The latest end of the wait: RFC 3339 in UTC.
        public var until: String
        /// Connections, active and inactive, as they were last counted; `nil`: not yet.
        public var connections: Int?

        public init(until: String, connections: Int?) {
            self.until = until
            self.connections = connections
        }
    }

    /// The instances that the export has at weight 0: no new connections go to them, and those that they have go on.
    public struct Draining: Sendable, Hashable {
        /// The ETag, including quotes, of the export that was in force when the connections were counted.
        public var export: String
        /// The connections, active and inactive, of each instance, by its name. UDP, which has no connections that end,
        /// is not counted. Of more than `Limits.reportedDraining`, those that have connections come first.
        public var connections: [ExactText: Int]
        /// How many instances with connections are left out; `nil`: none, so an instance that is left out has none.
        public var omitted: Int?

        public init(export: String, connections: [ExactText: Int], omitted: Int? = nil) {
            self.export = export
            self.connections = connections
            self.omitted = omitted
        }

        /// - Parameter counts: the connections of all instances.
        public init(export: String, counts: [ExactText: Int]) {
            let order = counts.sorted { ($0.value == 0 ? 1 : 0, $0.key) < ($1.value == 0 ? 1 : 0, $1.key) }
            let omitted = order.dropFirst(Limits.reportedDraining).prefix { $0.value > 0 }.count
            self.init(
                export: export,
                connections: order.prefix(Limits.reportedDraining)
                    .reduce(into: [:]) { $0[$1.key] = min($1.value, Limits.reportedCount) },
                omitted: omitted > 0 ? omitted : nil)
        }

        /// The connections of an instance at weight 0; `nil`: not told.
        public func count(of instance: String) -> Int? {
            connections[ExactText(instance)] ?? (omitted == nil ? 0 : nil)
        }
    }

    /// What the gateway's prober says of the real servers, as far as they are checked.
    public struct Health: Sendable, Hashable {
        /// Whether the verdicts count. If not, servers count as ADMIN says: there is no prober, or it says nothing.
        public var isInForce: Bool
        /// How many targets are probed. Servers that are checked in the same way are one.
        public var targets: Int
        /// How many of them have no verdict yet.
        public var unknown: Int
        /// The instances that are down, by instance and section (`pgw.1/http`): at most `Limits.reportedDown`, those that
        /// went down last.
        public var down: [ExactText: Down]
        /// How many targets are down in all.
        public var downCount: Int
        /// How many instances are down in all.
        public var downInstances: Int
        /// Until when weights hold since too many servers failed at once: RFC 3339 in UTC; `nil`: they do not.
        public var holdsUntil: String?

        /// An instance that is down.
        public struct Down: Sendable, Hashable {
            /// What is probed: `10.1.0.11:8080`.
            public var target: String
            /// Since when: RFC 3339 in UTC.
            public var since: String
            /// Why the last probe failed.
            public var reason: String

            public init(target: String, since: String, reason: String) {
                self.target = target
                self.since = since
                self.reason = reason
            }
        }

        public init(
            isInForce: Bool, targets: Int, unknown: Int, down: [ExactText: Down], downCount: Int,
            downInstances: Int, holdsUntil: String? = nil
        ) {
            self.isInForce = isInForce
            self.targets = targets
            self.unknown = unknown
            self.down = down
            self.downCount = downCount
            self.downInstances = downInstances
            self.holdsUntil = holdsUntil
        }
    }

    /// A step that the gateway's kernel refuses.
    public struct Refusal: Sendable, Hashable {
        /// Since when: RFC 3339 in UTC.
        public var since: String
        /// How often it was tried.
        public var attempts: Int

        public init(since: String, attempts: Int) {
            self.since = since
            self.attempts = attempts
        }
    }

    /// The version of the gateway's program.
    public var program: String
    /// Whether the kernel agrees with the export in force.
    public var state: State
    /// By virtual service and real server (`TCP 198.51.100.36:80 10.1.0.11:8080`): the first `Limits.reportedDrains`.
    public var drains: [ExactText: Drain]
    /// How many there are in all.
    public var drainCount: Int
    /// By the kernel's error with the step: the first few.
    public var refusals: [ExactText: Refusal]
    /// Other things that an operator should know, a sentence each.
    public var problems: [String]
    /// Instances at weight 0; `nil`: there are none.
    public var draining: Draining?
    /// The health of real servers; `nil`: none is checked.
    public var health: Health?

    public init(
        program: String, state: State, drains: [ExactText: Drain] = [:], drainCount: Int = 0,
        refusals: [ExactText: Refusal] = [:], problems: [String] = [], draining: Draining? = nil,
        health: Health? = nil
    ) {
        self.health = health
        self.draining = draining
        self.program = program
        self.state = state
        self.drains = drains
        self.drainCount = drainCount
        self.refusals = refusals
        self.problems = problems
    }
}

/// Body of `POST /v1/gateways/{location}/{gateway}/report`: the whole report, or what has changed since the one before.
public struct GatewayReportMessage: Sendable, Hashable {
    /// A text that the daemon draws when it starts: two daemons of one name are told apart by it.
    public var session: String
    /// Rises by one with each message of a session.
    public var sequence: Int
    /// The whole report. Exactly one of `report` and `changes` is there.
    public var report: GatewayReport?
    /// What has changed since the message before, as JSON Merge Patch (RFC 7396).
    package var changes: JSONValue?

    package init(session: String, sequence: Int, report: GatewayReport? = nil, changes: JSONValue? = nil) {
        self.session = session
        self.sequence = sequence
        self.report = report
        self.changes = changes
    }
}

/// The answer to a report.
public struct ReportAnswer: Sendable, Hashable {
    /// Whether ADMIN lacks the report that the changes were made to (it was restarted, or a message was lost): the next
    /// message must have the whole report.
    public var wantsWhole: Bool

    public init(wantsWhole: Bool) { self.wantsWhole = wantsWhole }
}

/// A gateway with its report (`GET /v1/gateways/{location}/{gateway}`).
public struct GatewayDetail: Sendable, Hashable {
    public var gateway: GatewayResource
    /// `nil`: there was none since ADMIN started, or the gateway is of a version that makes none.
    public var report: GatewayReport?
    /// When the report was last changed or confirmed: RFC 3339 in UTC.
    public var reportedAt: String?

    public init(gateway: GatewayResource, report: GatewayReport?, reportedAt: String?) {
        self.gateway = gateway
        self.report = report
        self.reportedAt = reportedAt
    }
}

// MARK: Forms

extension GatewayReport: Described {
    package static let form = Form<Self>.object(
        "GatewayReport", .required("program", .line(atMost: 100), \.program), .required("state", .choice, \.state),
        .required("drains", .dictionary(of: Drain.form, atMost: Limits.reportedDrains), \.drains),
        .required("drainCount", .integer(0...Limits.reportedCount), \.drainCount),
        .required("refusals", .dictionary(of: Refusal.form, atMost: Limits.reportedTexts), \.refusals),
        .required("problems", .set(of: .line(atMost: Limits.reportedText), atMost: Limits.reportedTexts), \.problems),
        .present("draining", Draining.form, \.draining), .present("health", Health.form, \.health)
    ) {
        GatewayReport(
            program: $0, state: $1, drains: $2, drainCount: $3, refusals: $4, problems: $5, draining: $6, health: $7)
    }
}

extension GatewayReport.Health: Described {
    package static let form = Form<Self>.object(
        "ReportedHealth", .required("inForce", .boolean, \.isInForce),
        .required("targets", .integer(0...Limits.reportedCount), \.targets),
        .required("unknown", .integer(0...Limits.reportedCount), \.unknown),
        .required("down", .dictionary(of: Down.form, atMost: Limits.reportedDown), \.down),
        .required("downCount", .integer(0...Limits.reportedCount), \.downCount),
        .required("downInstances", .integer(0...Limits.reportedCount), \.downInstances),
        .present("holdsUntil", .time, \.holdsUntil)
    ) {
        GatewayReport.Health(
            isInForce: $0, targets: $1, unknown: $2, down: $3, downCount: $4, downInstances: $5, holdsUntil: $6)
    }
}

extension GatewayReport.Health.Down: Described {
    package static let form = Form<Self>.object(
        "ReportedDown", .required("target", .line(atMost: 100), \.target), .required("since", .time, \.since),
        .required("reason", .line(atMost: Limits.reportedText), \.reason)
    ) { GatewayReport.Health.Down(target: $0, since: $1, reason: $2) }
}

extension GatewayReport.Draining: Described {
    package static let form = Form<Self>.object(
        "ReportedDraining", .required("export", .line(atMost: 128), \.export),
        .required(
            "connections", .dictionary(of: .integer(0...Limits.reportedCount), atMost: Limits.reportedDraining),
            \.connections), .present("omitted", .integer(1...Limits.reportedCount), \.omitted)
    ) { GatewayReport.Draining(export: $0, connections: $1, omitted: $2) }
}

extension GatewayReport.Drain: Described {
    package static let form = Form<Self>.object(
        "ReportedDrain", .required("until", .time, \.until),
        .present("connections", .integer(0...Limits.reportedCount), \.connections)
    ) { GatewayReport.Drain(until: $0, connections: $1) }
}

extension GatewayReport.Refusal: Described {
    package static let form = Form<Self>.object(
        "ReportedRefusal", .required("since", .time, \.since),
        .required("attempts", .integer(0...Limits.reportedCount), \.attempts)
    ) { GatewayReport.Refusal(since: $0, attempts: $1) }
}

extension GatewayReportMessage: Described {
    package static let form = Form<Self>.object(
        "GatewayReportMessage", .required("session", .line(atMost: 64), \.session),
        .required("sequence", .integer(1...Limits.reportedCount), \.sequence),
        .present("report", GatewayReport.form, \.report), .present("changes", .patch, \.changes)
    ) { GatewayReportMessage(session: $0, sequence: $1, report: $2, changes: $3) }
    .exactlyOne(of: "report", "changes")
}

extension ReportAnswer: Described {
    package static let form = Form<Self>.object(
        "ReportAnswer", .required("wantsWhole", .boolean, \.wantsWhole)
    ) { ReportAnswer(wantsWhole: $0) }
}

extension GatewayDetail: Described {
    package static let form = Form<Self>.object(
        "GatewayDetail", .required("gateway", GatewayResource.form, \.gateway),
        .present("report", GatewayReport.form, \.report), .present("reportedAt", .time, \.reportedAt)
    ) { GatewayDetail(gateway: $0, report: $1, reportedAt: $2) }
}
