import JSON
public import Names
import Rollouts

/// What a rollout is doing as a whole.
public enum RolloutState: String, Sendable, Hashable, CaseIterable {
    case running
    /// It goes on when somebody says so.
    case paused
    /// All instances have the version.
    case finished
    /// Something has failed, and went back.
    case failed
    case aborted
    case reverted

    /// Whether it changes no more, unless somebody reverts it.
    public var isEnd: Bool { self != .running && self != .paused }
}

/// Body of `POST /v1/rollouts`.
public struct RolloutCreation: Sendable, Hashable {
    public var type: String
    public var version: VersionReference
    /// The instances; empty: all of the type that run.
    public var services: [String]
    /// Only instances at this location; `nil`: at all.
    public var location: String?
    /// In the place of the meta-configuration's `upgrade`: `2`, `25%`.
    public var batch: String?
    /// How many are changed first; 0: none.
    public var canaries: Int?
    /// Whether the others follow the canaries only when somebody says so.
    public var isPromotedByHand: Bool?
    /// Seconds.
    public var bake: Int?
    public var deadline: Int?
    /// Gateways that are not waited for: they are known to be off.
    public var withoutGateways: [String]

    public init(
        type: String, version: VersionReference, services: [String] = [], location: String? = nil,
        batch: String? = nil, canaries: Int? = nil, isPromotedByHand: Bool? = nil, bake: Int? = nil,
        deadline: Int? = nil, withoutGateways: [String] = []
    ) {
        self.type = type
        self.version = version
        self.services = services
        self.location = location
        self.batch = batch
        self.canaries = canaries
        self.isPromotedByHand = isPromotedByHand
        self.bake = bake
        self.deadline = deadline
        self.withoutGateways = withoutGateways
    }
}

/// Body of `POST /v1/rollouts/{rollout}/resume`; the other orders have none.
public struct RolloutOrdering: Sendable, Hashable {
    /// Gateways that are not waited for any more.
    public var withoutGateways: [String]

    public init(withoutGateways: [String] = []) { self.withoutGateways = withoutGateways }
}

/// A rollout (`GET /v1/rollouts/{rollout}`), or one in a list, which is without its instances.
public struct RolloutResource: Sendable, Hashable {
    /// One instance of it.
    public struct Instance: Sendable, Hashable {
        public var service: String
        /// Where it is; `nil`: it is no more.
        public var server: String?
        /// `waiting`, `draining`, `emptying`, `starting`, `testing`, `baking`, `admitting`, `probing`, `done`, `stuck`:
        /// stages as docs/rollouts.md describes them.
        public var stage: String
        /// Whether it goes back to the version before.
        public var isGoingBack: Bool
        /// The version that it gets, if it keeps another variant than that of the rollout; `nil`: the rollout's.
        public var target: String?
        /// The version before, as it was named; `nil`: none.
        public var before: String?
        /// Seconds since the stage began.
        public var seconds: Int
        /// What the stage waits for, in words; `nil`: nothing that ADMIN knows of.
        public var waitsFor: String?
        /// Why it went back, or cannot.
        public var problem: String?

        public init(
            service: String, server: String?, stage: String, isGoingBack: Bool = false, target: String? = nil,
            before: String? = nil, seconds: Int = 0, waitsFor: String? = nil, problem: String? = nil
        ) {
            self.service = service
            self.server = server
            self.stage = stage
            self.isGoingBack = isGoingBack
            self.target = target
            self.before = before
            self.seconds = seconds
            self.waitsFor = waitsFor
            self.problem = problem
        }
    }

    public var id: String
    public var type: String
    public var version: VersionReference
    /// The version's manifest.
    public var digest: String
    public var state: RolloutState
    /// Why it is paused or has failed.
    public var reason: String?
    /// How it will end once what was begun is at rest; `nil`: it is not ending.
    public var ending: RolloutState?
    public var createdBy: String
    /// RFC 3339 in UTC, as the other time.
    public var createdAt: String
    public var endedAt: String?
    /// How many instances it has.
    public var total: Int
    /// How many of them are done, and have the version.
    public var done: Int
    /// How many went back to the version that they had.
    public var back: Int
    /// How many do not come back.
    public var stuck: Int
    /// In their order; `nil` in a list.
    public var instances: [Instance]?

    public init(
        id: String, type: String, version: VersionReference, digest: String, state: RolloutState,
        reason: String? = nil, ending: RolloutState? = nil, createdBy: String, createdAt: String,
        endedAt: String? = nil, total: Int, done: Int, back: Int, stuck: Int, instances: [Instance]? = nil
    ) {
        self.id = id
        self.type = type
        self.version = version
        self.digest = digest
        self.state = state
        self.reason = reason
        self.ending = ending
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.total = total
        self.done = done
        self.back = back
        self.stuck = stuck
        self.instances = instances
    }
}

/// Answer of `POST /v1/rollouts`: what was changed, and the rollout; with dry_run as it would begin.
public struct CreatedRollout: Sendable, Hashable {
    /// The one that has begun; if nothing was changed, one that is at work on the same already.
    public var rollout: RolloutResource?
    /// So many instances run the version, all that were asked for: there is nothing to do, and no rollout.
    public var upToDate: Int?
    public var report: ChangeReport

    public init(rollout: RolloutResource?, upToDate: Int? = nil, report: ChangeReport) {
        self.rollout = rollout
        self.upToDate = upToDate
        self.report = report
    }
}

// MARK: Forms

extension RolloutCreation: Described {
    package static let form = Form<Self>.object(
        "RolloutCreation", .required("type", .name(.type), \.type), .required("version", .version, \.version),
        .present("services", .list(of: .serviceName), else: [], \.services),
        .present("location", .name(.location), \.location), .present("batch", .batch, \.batch),
        .present("canaries", .integer(0...RolloutPolicy.canaries.upperBound), \.canaries),
        .present("promoteByHand", .boolean, \.isPromotedByHand),
        .present("bake", .integer(RolloutPolicy.bakes), \.bake),
        .present("deadline", .integer(RolloutPolicy.deadlines), \.deadline),
        .present("withoutGateways", .list(of: .name(.gateway)), else: [], \.withoutGateways)
    ) {
        RolloutCreation(
            type: $0, version: $1, services: $2, location: $3, batch: $4, canaries: $5, isPromotedByHand: $6,
            bake: $7, deadline: $8, withoutGateways: $9)
    }
}

extension Form where Value == String {
    /// How many instances are changed at a time.
    fileprivate static let batch = Form(
        schema: [
            "type": "string", "pattern": .string(RolloutPolicy.BatchSize.pattern),
            "description": .string(RolloutPolicy.BatchSize.rule),
        ],
        read: { field in
            guard let text = field.string() else { return nil }
            guard !field.isStrict || RolloutPolicy.BatchSize(text) != nil else {
                field.fault("\(RolloutPolicy.BatchSize.rule) is expected")
                return nil
            }
            return text
        }, write: { .string($0) })
}

extension RolloutOrdering: Described {
    package static let form = Form<Self>.object(
        "RolloutOrdering", .present("withoutGateways", .list(of: .name(.gateway)), else: [], \.withoutGateways)
    ) { RolloutOrdering(withoutGateways: $0) }
}

extension RolloutResource: Described {
    package static let form = Form<Self>.object(
        "Rollout", .required("id", .line(atMost: 20), \.id), .required("type", .name(.type), \.type),
        .required("version", .version, \.version), .required("digest", .digest, \.digest),
        .required("state", .choice, \.state), .present("reason", .text, \.reason),
        .present("ending", .choice, \.ending), .required("createdBy", .actor, \.createdBy),
        .required("createdAt", .time, \.createdAt), .present("endedAt", .time, \.endedAt),
        .required("total", .integer(atLeast: 0), \.total), .required("done", .integer(atLeast: 0), \.done),
        .required("back", .integer(atLeast: 0), \.back), .required("stuck", .integer(atLeast: 0), \.stuck),
        .present("instances", .list(of: Instance.form), \.instances)
    ) {
        RolloutResource(
            id: $0, type: $1, version: $2, digest: $3, state: $4, reason: $5, ending: $6, createdBy: $7,
            createdAt: $8, endedAt: $9, total: $10, done: $11, back: $12, stuck: $13, instances: $14)
    }
}

extension RolloutResource.Instance: Described {
    package static let form = Form<Self>.object(
        "RolloutInstance", .required("service", .serviceName, \.service), .present("server", .text, \.server),
        .required("stage", .text, \.stage), .required("goingBack", .boolean, \.isGoingBack),
        .present("target", .text, \.target), .present("before", .text, \.before),
        .required("seconds", .integer(atLeast: 0), \.seconds),
        .present("waitsFor", .text, \.waitsFor), .present("problem", .text, \.problem)
    ) {
        RolloutResource.Instance(
            service: $0, server: $1, stage: $2, isGoingBack: $3, target: $4, before: $5, seconds: $6,
            waitsFor: $7, problem: $8)
    }
}

extension CreatedRollout: Described {
    package static let form = Form<Self>.object(
        "CreatedRollout", .present("rollout", RolloutResource.form, \.rollout),
        .present("upToDate", .integer(atLeast: 1), \.upToDate), .required("report", ChangeReport.form, \.report)
    ) { CreatedRollout(rollout: $0, upToDate: $1, report: $2) }
}
