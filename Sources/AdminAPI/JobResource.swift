import JSON
public import Names
import Text

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
    public var kind: ServiceJobKind
    /// The name of an action.
    public var name: String?
    /// Its arguments.
    public var arguments: [String]
    /// What the master of the service needs to know, for a job that it does.
    public var details: MasterJobDetails
    /// Seconds until the deadline; `nil`: as many as the kind has by default (`MasterJobKind.patience`), or an hour.
    public var seconds: Int?

    public init(
        kind: ServiceJobKind, name: String? = nil, arguments: [String] = [],
        details: MasterJobDetails = MasterJobDetails(), seconds: Int? = nil
    ) {
        self.kind = kind
        self.name = name
        self.arguments = arguments
        self.details = details
        self.seconds = seconds
    }
}

/// The kinds of jobs for a service: those that its server's node does, and those that its master does.
public enum ServiceJobKind: Sendable, Hashable, CaseIterable, RawRepresentable {
    case node(JobKind)
    case master(MasterJobKind)

    public static let allCases: [ServiceJobKind] =
        JobKind.allCases.map { .node($0) } + MasterJobKind.allCases.map { .master($0) }

    public init?(rawValue: String) {
        guard
            let kind = JobKind(rawValue: rawValue).map(Self.node) ?? MasterJobKind(rawValue: rawValue).map(Self.master)
        else { return nil }
        self = kind
    }

    public var rawValue: String {
        switch self {
        case .node(let kind): kind.rawValue
        case .master(let kind): kind.rawValue
        }
    }
}

/// What a job for the master of a service needs besides its kind.
public struct MasterJobDetails: Sendable, Hashable {
    /// The worker that it is for; `nil`: the first one that is ready.
    public var worker: Int?
    /// Of the kind `log-level`; `nil`: the program's own level.
    public var level: String?
    /// Of the kind `lua`: what is run.
    public var source: String?
    /// Of the kind `lua`: jobs of one session share a Lua state.
    public var session: String?
    /// Of the kind `lua`: seconds after which it is ended; `nil`: 5.
    public var limit: Int?
    /// Of the kind `lua`: why it is run, for the events.
    public var reason: String?

    public init(
        worker: Int? = nil, level: String? = nil, source: String? = nil, session: String? = nil, limit: Int? = nil,
        reason: String? = nil
    ) {
        self.worker = worker
        self.level = level
        self.source = source
        self.session = session
        self.limit = limit
        self.reason = reason
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
    public enum Kind: Sendable, Hashable, CaseIterable, RawRepresentable {
        case service(ServiceJobKind)
        case build

        public static let allCases: [Kind] = ServiceJobKind.allCases.map { .service($0) } + [.build]

        public init?(rawValue: String) {
            guard
                let kind = rawValue.isExactly(Self.build.rawValue)
                    ? .build : ServiceJobKind(rawValue: rawValue).map(Self.service)
            else { return nil }
            self = kind
        }

        public var rawValue: String {
            switch self {
            case .service(let kind): kind.rawValue
            case .build: "build"
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
    /// What its master needs to know; in a list without the source of Lua.
    public var details: MasterJobDetails
    /// The manifest of the version that it is for; `nil`: it is for no service, or for whichever version runs.
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
        id: String, service: String?, server: String, kind: Kind, name: String?, arguments: [String],
        details: MasterJobDetails = MasterJobDetails(), version: String?, build: JobBuild? = nil, state: JobState,
        createdBy: String, createdAt: String, deadline: String,
        after: String? = nil,
        startedAt: String? = nil, endedAt: String? = nil, problem: String? = nil, output: String? = nil
    ) {
        self.id = id
        self.service = service
        self.server = server
        self.kind = kind
        self.name = name
        self.arguments = arguments
        self.details = details
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
        .worker(\.details.worker), .present("level", .wantedLogLevel, \.details.level), .source(\.details.source),
        .session(\.details.session), .limit(\.details.limit), .reason(\.details.reason),
        .present(
            "for",
            .integer(Limits.jobSeconds).described(
                "Seconds until the deadline; absent: an hour, of the kinds restart-worker and dump ten minutes, of "
                    + "log-level and lua one minute"), \.seconds)
    ) {
        JobCreation(
            kind: $0, name: $1, arguments: $2,
            details: MasterJobDetails(worker: $3, level: $4, source: $5, session: $6, limit: $7, reason: $8),
            seconds: $9)
    }
}

/// The members for `MasterJobDetails`, in both bodies that have them.
extension Member {
    fileprivate static func worker(_ path: any KeyPath<Body, Int?> & Sendable) -> Member where Value == Int? {
        .present("worker", .integer(Limits.workers), path)
    }

    fileprivate static func level(_ path: any KeyPath<Body, String?> & Sendable) -> Member where Value == String? {
        .present("level", .logLevel, path)
    }

    fileprivate static func source(_ path: any KeyPath<Body, String?> & Sendable) -> Member where Value == String? {
        .present("source", .luaSource, path)
    }

    fileprivate static func session(_ path: any KeyPath<Body, String?> & Sendable) -> Member where Value == String? {
        .present("session", .luaSession, path)
    }

    fileprivate static func limit(_ path: any KeyPath<Body, Int?> & Sendable) -> Member where Value == Int? {
        .present("seconds", .integer(Limits.luaSeconds).described("The time limit of a piece of Lua"), path)
    }

    fileprivate static func reason(_ path: any KeyPath<Body, String?> & Sendable) -> Member where Value == String? {
        .present("reason", .line(atMost: Limits.reason), path)
    }
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
        .worker(\.details.worker), .level(\.details.level), .source(\.details.source), .session(\.details.session),
        .limit(\.details.limit), .reason(\.details.reason),
        .present("version", .digest, \.version), .present("build", JobBuild.form, \.build),
        .required("state", .choice, \.state), .required("createdBy", .actor, \.createdBy),
        .required("createdAt", .time, \.createdAt),
        .required("deadline", .time, \.deadline), .present("after", .line(atMost: 40), \.after),
        .present("startedAt", .time, \.startedAt),
        .present("endedAt", .time, \.endedAt), .present("problem", .line(atMost: Limits.reportedText), \.problem),
        .present("output", .bytes(0...Limits.jobOutput), \.output)
    ) {
        JobResource(
            id: $0, service: $1, server: $2, kind: $3, name: $4, arguments: $5,
            details: MasterJobDetails(worker: $6, level: $7, source: $8, session: $9, limit: $10, reason: $11),
            version: $12, build: $13, state: $14, createdBy: $15, createdAt: $16, deadline: $17, after: $18,
            startedAt: $19, endedAt: $20, problem: $21, output: $22)
    }
}

extension CreatedJob: Described {
    package static let form = Form<Self>.object(
        "CreatedJob", .present("job", JobResource.form, \.job), .required("report", ChangeReport.form, \.report)
    ) { CreatedJob(job: $0, report: $1) }
}
