import JSON
public import Names
public import Text

/// What the master of a service is to have and to do (`GET /v1/services/{service}/orders`). Like assignments, it names
/// things only, with one exception: Lua, which the server's node.yaml must allow.
public struct ServiceOrders: Sendable, Hashable {
    public var service: String
    /// The server that the orders are for: that of the token, or else that of the service.
    public var server: String
    /// The version that is wanted there: SHA-256 of its manifest; `nil`: ADMIN does not run the service.
    public var version: String?
    /// The ETag, quotation marks included, of the service's configuration as the service gets it in YAML; `nil`: it has
    /// none that can be read.
    public var configuration: String?
    /// The level from which the program logs; `nil`: its own.
    public var logLevel: String?
    /// What is to be done once, by identifier.
    public var jobs: [ExactText: ServiceJob]

    public init(
        service: String, server: String, version: String? = nil, configuration: String? = nil,
        logLevel: String? = nil, jobs: [ExactText: ServiceJob] = [:]
    ) {
        self.service = service
        self.server = server
        self.version = version
        self.configuration = configuration
        self.logLevel = logLevel
        self.jobs = jobs
    }
}

/// Something that the master of a service is to do once.
public struct ServiceJob: Sendable, Hashable {
    public var kind: MasterJobKind
    /// The worker that it is for; `nil`: the first one that is ready.
    public var worker: Int?
    /// Of a job of the kind `log-level`; `nil`: the program's own level.
    public var level: String?
    /// Of a job of the kind `lua`: what is run.
    public var source: String?
    /// Of a job of the kind `lua`: jobs of one session share a Lua state; `nil`: it has one of its own.
    public var session: String?
    /// Of a job of the kind `lua`: seconds after which it is ended.
    public var seconds: Int?
    /// After this time the job is not begun, and one that runs is ended: RFC 3339 in UTC.
    public var deadline: String

    public init(
        kind: MasterJobKind, worker: Int? = nil, level: String? = nil, source: String? = nil, session: String? = nil,
        seconds: Int? = nil, deadline: String
    ) {
        self.kind = kind
        self.worker = worker
        self.level = level
        self.source = source
        self.session = session
        self.seconds = seconds
        self.deadline = deadline
    }
}

// MARK: Forms

extension ServiceOrders: Described {
    package static let form = Form<Self>.object(
        "ServiceOrders", .required("service", .serviceName, \.service), .required("server", .name(.server), \.server),
        .present("version", .digest, \.version), .present("configuration", .line(atMost: 128), \.configuration),
        .present("logLevel", .logLevel, \.logLevel),
        .required("jobs", .dictionary(of: ServiceJob.form, atMost: Limits.serviceJobs), \.jobs)
    ) {
        ServiceOrders(service: $0, server: $1, version: $2, configuration: $3, logLevel: $4, jobs: $5)
    }
}

extension ServiceJob: Described {
    package static let form = Form<Self>.object(
        "ServiceJob", .required("kind", .choice, \.kind), .present("worker", .integer(Limits.workers), \.worker),
        .present("level", .logLevel, \.level), .present("source", .luaSource, \.source),
        .present("session", .luaSession, \.session), .present("seconds", .integer(Limits.luaSeconds), \.seconds),
        .required("deadline", .time, \.deadline)
    ) {
        ServiceJob(kind: $0, worker: $1, level: $2, source: $3, session: $4, seconds: $5, deadline: $6)
    }
}

extension Form where Value == String {
    /// A level of a program's log, as it is stored: earlier builds of ADMIN have taken any word.
    package static let logLevel = word(atMost: 32)

    /// A level of a program's log that somebody asks for.
    package static let wantedLogLevel = Form(
        schema: Form<ServiceLogLevel>.choice.schema, read: { $0.choice(ServiceLogLevel.self)?.rawValue },
        write: { .string($0) })

    /// What tells the evaluations of one Lua session from others.
    package static let luaSession = word(atMost: 64)

    /// A piece of Lua.
    package static let luaSource = bytes(1...Limits.luaSource)

    /// ASCII letters, digits, `.`, `_` and `-`.
    private static func word(atMost length: Int) -> Form {
        let rule = "1 to \(length) of the characters a to z, A to Z, 0 to 9, \".\", \"_\" and \"-\" are expected"
        let word = Form(
            schema: ["type": "string", "pattern": .string("^[A-Za-z0-9._-]{1,\(length)}$")],
            read: { $0.string() }, write: { .string($0) })
        return word.checking { text in
            let isWord = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            return isWord && (1...length).contains(text.utf8.count) ? nil : rule
        }
    }
}
