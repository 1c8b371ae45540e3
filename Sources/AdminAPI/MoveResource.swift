import JSON
import Names

/// The move of a service to another server (`GET /v1/services/{service}/move`): one that is on, or the last.
public struct MoveResource: Sendable, Hashable {
    /// How far it is.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// It is on.
        case moving
        /// The service is at the new server.
        case moved
        /// The service is at the old server: `problem` says why.
        case failed
        /// Somebody has ended it, and the service is at the old server.
        case aborted
        /// Somebody has moved the service at once meanwhile.
        case overtaken
    }

    public var service: String
    public var from: String
    public var to: String
    public var state: State
    /// `placing`, `stopping`, `starting`, `testing`, `switching`, `leaving`, `returning`: as docs/operations.md describes
    /// them.
    public var stage: String
    /// When the stage began: RFC 3339 in UTC, as the other times.
    public var since: String
    /// Whether the service is stopped at the old server before it is started at the new one.
    public var isExclusive: Bool
    public var createdBy: String
    public var createdAt: String
    public var endedAt: String?
    /// Why it has failed, or returns.
    public var problem: String?
    /// What the stage waits for, in words; only in an answer about the move itself.
    public var waitsFor: String?
    /// Seconds that the stage `leaving` still takes at most; only in an answer about the move itself.
    public var secondsLeft: Int?

    public init(
        service: String, from: String, to: String, state: State, stage: String, since: String, isExclusive: Bool,
        createdBy: String, createdAt: String, endedAt: String? = nil, problem: String? = nil, waitsFor: String? = nil,
        secondsLeft: Int? = nil
    ) {
        self.service = service
        self.from = from
        self.to = to
        self.state = state
        self.stage = stage
        self.since = since
        self.isExclusive = isExclusive
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.problem = problem
        self.waitsFor = waitsFor
        self.secondsLeft = secondsLeft
    }
}

extension MoveResource: Described {
    package static let form = Form<Self>.object(
        "Move", .required("service", .serviceName, \.service), .required("from", .name(.server), \.from),
        .required("to", .name(.server), \.to), .required("state", .choice, \.state), .required("stage", .text, \.stage),
        .required("since", .time, \.since), .required("exclusive", .boolean, \.isExclusive),
        .required("createdBy", .actor, \.createdBy), .required("createdAt", .time, \.createdAt),
        .present("endedAt", .time, \.endedAt), .present("problem", .text, \.problem),
        .present("waitsFor", .text, \.waitsFor), .present("secondsLeft", .integer(atLeast: 0), \.secondsLeft)
    ) {
        MoveResource(
            service: $0, from: $1, to: $2, state: $3, stage: $4, since: $5, isExclusive: $6, createdBy: $7,
            createdAt: $8, endedAt: $9, problem: $10, waitsFor: $11, secondsLeft: $12)
    }
}
