import JSON
import Names
import Text

/// What gateways say of the health of real servers (`GET /v1/health`). It is no part of a service: a verdict changes
/// neither the service nor its ETag.
public struct HealthOverview: Sendable, Hashable {
    /// A gateway section that asks for a check.
    public struct Section: Sendable, Hashable {
        public var type: String
        public var section: String

        public init(type: String, section: String) {
            self.type = type
            self.section = section
        }
    }

    /// A gateway, with what its last report says of its checks.
    public struct Gateway: Sendable, Hashable {
        public var location: String
        public var name: String
        /// Whether its verdicts count there. Never where it is silent.
        public var isInForce: Bool
        /// Whether ADMIN has no report of it, or none for `Limits.reportSilence`: its verdicts are not shown.
        public var isSilent: Bool
        /// How many targets it probes; 0 also where it has said nothing.
        public var targets: Int
        /// How many of them have no verdict yet.
        public var unknown: Int
        /// How many of them are down.
        public var downCount: Int
        /// Whether it has named some of the instances that are down, not all.
        public var isCut: Bool
        /// Until when weights hold since too many servers failed at once: RFC 3339 in UTC; `nil`: they do not.
        public var holdsUntil: String?
        /// When its last report came, RFC 3339 in UTC; `nil`: there was none since ADMIN started.
        public var reportedAt: String?

        public init(
            location: String, name: String, isInForce: Bool, isSilent: Bool, targets: Int = 0, unknown: Int = 0,
            downCount: Int = 0, isCut: Bool = false, holdsUntil: String? = nil, reportedAt: String? = nil
        ) {
            self.location = location
            self.name = name
            self.isInForce = isInForce
            self.isSilent = isSilent
            self.targets = targets
            self.unknown = unknown
            self.downCount = downCount
            self.isCut = isCut
            self.holdsUntil = holdsUntil
            self.reportedAt = reportedAt
        }
    }

    /// An instance that is down at a gateway.
    public struct Down: Sendable, Hashable {
        public var service: String
        public var section: String
        public var location: String
        public var gateway: String
        /// What is probed: `10.1.0.11:8080`.
        public var target: String
        /// Since when: RFC 3339 in UTC.
        public var since: String
        /// Why the last probe failed.
        public var reason: String

        public init(
            service: String, section: String, location: String, gateway: String, target: String, since: String,
            reason: String
        ) {
            self.service = service
            self.section = section
            self.location = location
            self.gateway = gateway
            self.target = target
            self.since = since
            self.reason = reason
        }
    }

    /// The sections that are checked, by type and name.
    public var sections: [Section]
    /// By location and name.
    public var gateways: [Gateway]
    /// By location, service, section and gateway: the first `Limits.listedDown`. Of gateways whose verdicts count.
    public var down: [Down]
    /// How many there are in all.
    public var downCount: Int

    public init(sections: [Section], gateways: [Gateway], down: [Down], downCount: Int) {
        self.sections = sections
        self.gateways = gateways
        self.down = down
        self.downCount = downCount
    }
}

extension GatewayReport.Health {
    /// Whether it names some of the instances that are down, not all.
    public var isCut: Bool { down.count < downInstances }
}

// MARK: Forms

extension HealthOverview: Described {
    package static let form = Form<Self>.object(
        "HealthOverview", .required("sections", .list(of: Section.form), \.sections),
        .required("gateways", .list(of: Gateway.form), \.gateways), .required("down", .list(of: Down.form), \.down),
        .required("downCount", .integer(atLeast: 0), \.downCount)
    ) { HealthOverview(sections: $0, gateways: $1, down: $2, downCount: $3) }
}

extension HealthOverview.Section: Described {
    package static let form = Form<Self>.object(
        "CheckedSection", .required("type", .name(.type), \.type), .required("section", .name(.section), \.section)
    ) { HealthOverview.Section(type: $0, section: $1) }
}

extension HealthOverview.Gateway: Described {
    package static let form = Form<Self>.object(
        "GatewayHealth", .required("location", .name(.location), \.location),
        .required("name", .name(.gateway), \.name), .required("inForce", .boolean, \.isInForce),
        .required("silent", .boolean, \.isSilent), .required("targets", .integer(atLeast: 0), \.targets),
        .required("unknown", .integer(atLeast: 0), \.unknown),
        .required("downCount", .integer(atLeast: 0), \.downCount), .required("cut", .boolean, \.isCut),
        .present("holdsUntil", .time, \.holdsUntil), .present("reportedAt", .time, \.reportedAt)
    ) {
        HealthOverview.Gateway(
            location: $0, name: $1, isInForce: $2, isSilent: $3, targets: $4, unknown: $5, downCount: $6, isCut: $7,
            holdsUntil: $8, reportedAt: $9)
    }
}

extension HealthOverview.Down: Described {
    package static let form = Form<Self>.object(
        "DownInstance", .required("service", .serviceName, \.service),
        .required("section", .text, \.section), .required("location", .name(.location), \.location),
        .required("gateway", .name(.gateway), \.gateway), .required("target", .text, \.target),
        .required("since", .time, \.since), .required("reason", .text, \.reason)
    ) {
        HealthOverview.Down(
            service: $0, section: $1, location: $2, gateway: $3, target: $4, since: $5, reason: $6)
    }
}
