package import JSON
import Names
public import Text

/// What the master of a service says of it and of its workers.
public struct ServiceReport: Sendable, Hashable {
    /// What a service does as a whole.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        case starting, running, reloading, stopping
    }

    /// The version of the master's program.
    public var program: String
    /// The version that runs: SHA-256 of its manifest; `nil`: the master was not told.
    public var version: String?
    public var server: String
    /// The process of the master.
    public var pid: Int
    /// When the master was started: RFC 3339 in UTC.
    public var startedAt: String
    public var phase: Phase
    /// In the order of their numbers; worker 0 is the service's program itself.
    public var workers: [WorkerReport]
    /// The configuration that the master last got; `nil`: none yet.
    public var configuration: ConfigurationReport?
    /// Whether the server's node.yaml allows Lua.
    public var allowsLua: Bool
    /// By identifier, those that ended lately included.
    public var jobs: [ExactText: JobReport]

    public init(
        program: String, version: String? = nil, server: String, pid: Int, startedAt: String, phase: Phase,
        workers: [WorkerReport] = [], configuration: ConfigurationReport? = nil, allowsLua: Bool = false,
        jobs: [ExactText: JobReport] = [:]
    ) {
        self.program = program
        self.version = version
        self.server = server
        self.pid = pid
        self.startedAt = startedAt
        self.phase = phase
        self.workers = workers
        self.configuration = configuration
        self.allowsLua = allowsLua
        self.jobs = jobs
    }
}

/// A worker of a service, as its master has it.
public struct WorkerReport: Sendable, Hashable {
    /// What a worker does.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case starting
        case ready
        case stopping
        /// It has crashed, and is kept until it is dumped.
        case crashed
        /// It ended, and is started again after a pause.
        case waiting
        /// It has given no sign of life for longer than its watchdog allows.
        case hung
    }

    public var worker: Int
    /// `nil`: it has no process now.
    public var pid: Int?
    public var state: State
    /// Since when: RFC 3339 in UTC.
    public var since: String
    /// How often it was started without having been asked for.
    public var restarts: Int
    /// What the worker says of itself (`STATUS=` of sd_notify).
    public var status: String?
    /// Why it is not as it should be; `nil`: it is.
    public var problem: String?

    public init(
        worker: Int, pid: Int? = nil, state: State, since: String, restarts: Int = 0, status: String? = nil,
        problem: String? = nil
    ) {
        self.worker = worker
        self.pid = pid
        self.state = state
        self.since = since
        self.restarts = restarts
        self.status = status
        self.problem = problem
    }
}

/// What has become of the configuration that a master got.
public struct ConfigurationReport: Sendable, Hashable {
    /// Its ETag, quotation marks included.
    public var tag: String
    /// When it came into use, or did not: RFC 3339 in UTC.
    public var at: String
    /// Why it is not in use; `nil`: it is.
    public var problem: String?

    public init(tag: String, at: String, problem: String? = nil) {
        self.tag = tag
        self.at = at
        self.problem = problem
    }
}

/// Body of `POST /v1/services/{service}/report`, in the manner of `ServerReportMessage`.
public struct ServiceReportMessage: Sendable, Hashable {
    public var session: String
    public var sequence: Int
    public var report: ServiceReport?
    package var changes: JSONValue?

    package init(session: String, sequence: Int, report: ServiceReport? = nil, changes: JSONValue? = nil) {
        self.session = session
        self.sequence = sequence
        self.report = report
        self.changes = changes
    }
}

// MARK: Forms

extension ServiceReport: Described {
    package static let form = Form<Self>.object(
        "ServiceReport", .required("program", .line(atMost: 100), \.program),
        .present("version", .digest, \.version), .required("server", .name(.server), \.server),
        .required("pid", .integer(Limits.processIDs), \.pid), .required("startedAt", .time, \.startedAt),
        .required("phase", .choice, \.phase), .required("workers", .workers, \.workers),
        .present("configuration", ConfigurationReport.form, \.configuration),
        .required("allowsLua", .boolean, \.allowsLua),
        .required("jobs", .dictionary(of: JobReport.form, atMost: Limits.reportedServiceJobs), \.jobs)
    ) {
        ServiceReport(
            program: $0, version: $1, server: $2, pid: $3, startedAt: $4, phase: $5, workers: $6, configuration: $7,
            allowsLua: $8, jobs: $9)
    }
}

extension WorkerReport: Described {
    package static let form = Form<Self>.object(
        "WorkerReport", .required("worker", .integer(Limits.workers), \.worker),
        .present("pid", .integer(Limits.processIDs), \.pid), .required("state", .choice, \.state),
        .required("since", .time, \.since), .required("restarts", .integer(0...Limits.reportedCount), \.restarts),
        .present("status", .line(atMost: Limits.workerStatus), \.status),
        .present("problem", .line(atMost: Limits.reportedText), \.problem)
    ) {
        WorkerReport(worker: $0, pid: $1, state: $2, since: $3, restarts: $4, status: $5, problem: $6)
    }
}

extension ConfigurationReport: Described {
    package static let form = Form<Self>.object(
        "ConfigurationReport", .required("tag", .line(atMost: 128), \.tag), .required("at", .time, \.at),
        .present("problem", .line(atMost: Limits.reportedText), \.problem)
    ) { ConfigurationReport(tag: $0, at: $1, problem: $2) }
}

extension Form where Value == [WorkerReport] {
    /// The workers of a service.
    package static let workers = list(of: WorkerReport.form, atMost: Limits.workers.count) { $0.worker }
}

extension ServiceReportMessage: Described {
    package static let form = Form<Self>.object(
        "ServiceReportMessage", .required("session", .line(atMost: 64), \.session),
        .required("sequence", .integer(1...Limits.reportedCount), \.sequence),
        .present("report", ServiceReport.form, \.report), .present("changes", .patch, \.changes)
    ) { ServiceReportMessage(session: $0, sequence: $1, report: $2, changes: $3) }
    .exactlyOne(of: "report", "changes")
}
