import JSON
public import Names

/// How far a job has come, as ADMIN knows.
public enum JobState: String, Sendable, Hashable, CaseIterable {
    /// Its server has not begun it, or has not said so.
    case waiting
    case running
    case succeeded
    case failed
    /// Nobody knows how it ended: it is not run again.
    case unknown

    /// Whether it changes no more.
    public var isEnd: Bool { self != .waiting && self != .running }
}

/// Body of `POST /v1/services/{service}/jobs`.
public struct JobCreation: Sendable, Hashable {
    public var kind: JobKind
    /// The name of an action.
    public var name: String?
    /// Its arguments.
    public var arguments: [String]
    /// Seconds until the deadline; `nil`: an hour.
    public var seconds: Int?

    public init(kind: JobKind, name: String? = nil, arguments: [String] = [], seconds: Int? = nil) {
        self.kind = kind
        self.name = name
        self.arguments = arguments
        self.seconds = seconds
    }
}

/// Body of `POST /v1/versions/{type}/{version}/builds`.
public struct BuildCreation: Sendable, Hashable {
    /// The server that is to build it; `nil`: any builder of the type that is in touch.
    public var server: String?
    /// Seconds until the deadline; `nil`: an hour.
    public var seconds: Int?

    public init(server: String? = nil, seconds: Int? = nil) {
        self.server = server
        self.seconds = seconds
    }
}

/// The version that a job builds.
public struct JobBuild: Sendable, Hashable {
    public var type: String
    public var version: String
    public var variant: String

    public init(type: String, version: String, variant: String) {
        self.type = type
        self.version = version
        self.variant = variant
    }
}

/// A job (`GET /v1/jobs/{job}`), or one in a list, which is without its output.
public struct JobResource: Sendable, Hashable {
    /// The kinds of jobs: those for services, and builds.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case restart, tests, action, build

        /// A kind of a job for a service.
        public init(_ kind: JobKind) {
            self =
                switch kind {
                case .restart: .restart
                case .tests: .tests
                case .action: .action
                }
        }
    }

    public var id: String
    /// `nil`: it builds a version, and is for no service.
    public var service: String?
    public var server: String
    public var kind: Kind
    public var name: String?
    public var arguments: [String]
    /// The manifest of the version that it is for; `nil`: it is for no service.
    public var version: String?
    /// What it builds; `nil`: it is for a service.
    public var build: JobBuild?
    public var state: JobState
    public var createdBy: String
    /// RFC 3339 in UTC, as the other times.
    public var createdAt: String
    public var deadline: String
    /// The job that must have succeeded before this one is begun.
    public var after: String?
    public var startedAt: String?
    public var endedAt: String?
    /// How it ended, in words; `nil`: it has not, or has succeeded.
    public var problem: String?
    /// The last `Limits.jobOutput` bytes of its output so far; `nil` in a list.
    public var output: String?

    public init(
        id: String, service: String?, server: String, kind: Kind, name: String?, arguments: [String], version: String?,
        build: JobBuild? = nil, state: JobState, createdBy: String, createdAt: String, deadline: String,
        after: String? = nil,
        startedAt: String? = nil, endedAt: String? = nil, problem: String? = nil, output: String? = nil
    ) {
        self.id = id
        self.service = service
        self.server = server
        self.kind = kind
        self.name = name
        self.arguments = arguments
        self.version = version
        self.build = build
        self.state = state
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.deadline = deadline
        self.after = after
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.problem = problem
        self.output = output
    }
}

/// Answer of `POST /v1/services/{service}/jobs`: what was changed, and the job; with dry_run without it.
public struct CreatedJob: Sendable, Hashable {
    public var job: JobResource?
    public var report: ChangeReport

    public init(job: JobResource?, report: ChangeReport) {
        self.job = job
        self.report = report
    }
}

// MARK: Forms

extension JobCreation: Described {
    package static let form = Form<Self>.object(
        "JobCreation", .required("kind", .choice, \.kind), .present("name", .name(.action), \.name),
        .present("arguments", .list(of: .line(atMost: 1_024), atMost: Limits.jobArguments), else: [], \.arguments),
        .present(
            "for", .integer(Limits.jobSeconds).described("Seconds until the deadline; absent: an hour"), \.seconds)
    ) { JobCreation(kind: $0, name: $1, arguments: $2, seconds: $3) }
}

extension BuildCreation: Described {
    package static let form = Form<Self>.object(
        "BuildCreation", .present("server", .name(.server), \.server),
        .present(
            "for", .integer(Limits.jobSeconds).described("Seconds until the deadline; absent: an hour"), \.seconds)
    ) { BuildCreation(server: $0, seconds: $1) }
}

extension JobBuild: Described {
    package static let form = Form<Self>.object(
        "JobBuild", .required("type", .name(.type), \.type), .required("version", .versionName, \.version),
        .required("variant", .variant, \.variant)
    ) { JobBuild(type: $0, version: $1, variant: $2) }
}

extension Form {
    /// A list of a limited length.
    fileprivate static func list<Element>(of element: Form<Element>, atMost maximum: Int) -> Form
    where Value == [Element] {
        Form(
            schema: ["type": "array", "maxItems": .integer(maximum), "items": element.schema],
            read: { $0.elements(atMost: maximum, element.read) }, write: { .array($0.map(element.write)) })
    }
}

extension JobResource: Described {
    package static let form = Form<Self>.object(
        "Job", .required("id", .line(atMost: 40), \.id), .present("service", .serviceName, \.service),
        .required("server", .name(.server), \.server), .required("kind", .choice, \.kind),
        .present("name", .line(atMost: 63), \.name),
        .required("arguments", .list(of: .line(atMost: 1_024)), \.arguments),
        .present("version", .digest, \.version), .present("build", JobBuild.form, \.build),
        .required("state", .choice, \.state), .required("createdBy", .actor, \.createdBy),
        .required("createdAt", .time, \.createdAt),
        .required("deadline", .time, \.deadline), .present("after", .line(atMost: 40), \.after),
        .present("startedAt", .time, \.startedAt),
        .present("endedAt", .time, \.endedAt), .present("problem", .line(atMost: Limits.reportedText), \.problem),
        .present("output", .bytes(0...Limits.jobOutput), \.output)
    ) {
        JobResource(
            id: $0, service: $1, server: $2, kind: $3, name: $4, arguments: $5, version: $6, build: $7, state: $8,
            createdBy: $9, createdAt: $10, deadline: $11, after: $12, startedAt: $13, endedAt: $14, problem: $15,
            output: $16)
    }
}

extension CreatedJob: Described {
    package static let form = Form<Self>.object(
        "CreatedJob", .present("job", JobResource.form, \.job), .required("report", ChangeReport.form, \.report)
    ) { CreatedJob(job: $0, report: $1) }
}
