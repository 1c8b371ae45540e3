package import JSON
import Names
public import Text

/// What a node says of its server: what is there, what runs, and what has become of jobs.
public struct ServerReport: Sendable, Hashable {
    /// The version of the node's program.
    public var program: String
    /// The ETag, including quotes, of the assignments that were last carried out as a whole; `nil`: none yet.
    public var applied: String?
    /// When the server was started: RFC 3339 in UTC.
    public var bootedAt: String
    /// By service name, those that are not assigned included.
    public var services: [ExactText: ServerService]
    /// By identifier, those that ended lately included.
    public var jobs: [ExactText: JobReport]
    /// File systems by name: `root` is the one of the node's own directory, the others are the server's drives.
    public var drives: [ExactText: DriveReport]
    /// Processes that run or wait to run, an average over one minute.
    public var load: Double
    /// Bytes of memory, and those that are free for programs.
    public var memory: Int
    public var freeMemory: Int
    /// What an operator should know, a sentence each.
    public var problems: [String]
    /// The types that it builds.
    public var builds: [String]
    /// The services that were to be purged, and of which nothing is left.
    public var purged: [String]

    public init(
        program: String, applied: String?, bootedAt: String, services: [ExactText: ServerService] = [:],
        jobs: [ExactText: JobReport] = [:], drives: [ExactText: DriveReport] = [:], load: Double = 0, memory: Int = 0,
        freeMemory: Int = 0, problems: [String] = [], builds: [String] = [],
        purged: [String] = []
    ) {
        self.builds = builds
        self.purged = purged
        self.program = program
        self.applied = applied
        self.bootedAt = bootedAt
        self.services = services
        self.jobs = jobs
        self.drives = drives
        self.load = load
        self.memory = memory
        self.freeMemory = freeMemory
        self.problems = problems
    }
}

/// A service as its server has it.
public struct ServerService: Sendable, Hashable {
    /// What a service does on its server.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Its version is being fetched and placed.
        case installing
        case starting
        /// It runs, and has said that it is ready.
        case running
        case stopping
        case stopped
        /// It ended by itself or did not become ready, and is started again after a pause.
        case failing
        /// It is not there, or what is there is not assigned.
        case absent
    }

    public var state: State
    /// Since when: RFC 3339 in UTC.
    public var since: String
    /// The version that runs or would run: SHA-256 of its manifest; `nil`: none.
    public var version: String?
    /// The version before it.
    public var previous: String?
    /// The version of the assignment that the node is at work on, or has carried out: `state` and `problem` are about it.
    public var wanted: String?
    /// Whether it is in the assignments.
    public var isAssigned: Bool
    /// How often it, or one of its workers, was started without having been asked for since the version was placed.
    public var restarts: Int
    /// Why it is not as it should be; `nil`: it is.
    public var problem: String?
    /// Whether the node does not take the wanted version, and will not by itself: no key that it trusts has signed it, or
    /// it cannot read the manifest. `problem` says why.
    public var isRefused: Bool
    /// The processes of its program, by number; empty where nothing of it runs.
    public var workers: [WorkerReport]
    /// How often its master was ended by a signal; `nil`: never, since the service was started.
    public var masterRestarts: MasterRestarts?

    public init(
        state: State, since: String, version: String? = nil, previous: String? = nil, wanted: String? = nil,
        isAssigned: Bool = true, restarts: Int = 0, problem: String? = nil, isRefused: Bool = false,
        workers: [WorkerReport] = [], masterRestarts: MasterRestarts? = nil
    ) {
        self.isRefused = isRefused
        self.workers = workers
        self.masterRestarts = masterRestarts
        self.wanted = wanted
        self.state = state
        self.since = since
        self.version = version
        self.previous = previous
        self.isAssigned = isAssigned
        self.restarts = restarts
        self.problem = problem
    }
}

/// How often the master of a service was ended by a signal and started again, since the service was started.
public struct MasterRestarts: Sendable, Hashable {
    public var count: Int
    /// When it was last: RFC 3339 in UTC.
    public var last: String

    public init(count: Int, last: String) {
        self.count = count
        self.last = last
    }
}

/// How many workers of a service are ready.
public struct WorkerCount: Sendable, Hashable {
    public var ready: Int
    public var all: Int

    public init(ready: Int, all: Int) {
        self.ready = ready
        self.all = all
    }

    /// `nil`: it has no workers beside each other, but its program once, or does not run.
    public init?(_ workers: [WorkerReport]) {
        let workers = workers.filter { $0.worker > 0 }
        guard !workers.isEmpty else { return nil }
        self.init(ready: workers.count { $0.state == .ready }, all: workers.count)
    }
}

/// What has become of a job.
public struct JobReport: Sendable, Hashable {
    /// How far a job has come.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case running
        case succeeded
        case failed
        /// The node was ended while it ran, so that nobody knows: it is not run again.
        case unknown
    }

    public var state: State
    public var startedAt: String
    public var endedAt: String?
    /// How it ended, in words; `nil`: it runs, or has succeeded.
    public var problem: String?
    /// The last `Limits.jobOutput` bytes of its output, what is no text replaced.
    public var output: String

    public init(state: State, startedAt: String, endedAt: String? = nil, problem: String? = nil, output: String = "") {
        self.state = state
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.problem = problem
        self.output = output
    }
}

/// A file system of a server.
public struct DriveReport: Sendable, Hashable {
    @ExactText public var path: String
    /// Whether it is there; a drive that is not mounted is not.
    public var isMounted: Bool
    /// Bytes.
    public var size: Int
    public var free: Int

    public init(path: String, isMounted: Bool, size: Int, free: Int) {
        self.path = path
        self.isMounted = isMounted
        self.size = size
        self.free = free
    }
}

/// Body of `POST /v1/servers/{server}/report`, in the manner of `GatewayReportMessage`.
public struct ServerReportMessage: Sendable, Hashable {
    public var session: String
    public var sequence: Int
    public var report: ServerReport?
    package var changes: JSONValue?

    package init(session: String, sequence: Int, report: ServerReport? = nil, changes: JSONValue? = nil) {
        self.session = session
        self.sequence = sequence
        self.report = report
        self.changes = changes
    }
}

// MARK: Forms

extension ServerReport: Described {
    package static let form = Form<Self>.object(
        "ServerReport", .required("program", .line(atMost: 100), \.program),
        .present("applied", .line(atMost: 128), \.applied), .required("bootedAt", .time, \.bootedAt),
        .required("services", .dictionary(of: ServerService.form, atMost: Limits.assignedServices), \.services),
        .required("jobs", .dictionary(of: JobReport.form, atMost: Limits.assignedJobs), \.jobs),
        .required("drives", .dictionary(of: DriveReport.form, atMost: Limits.serverDrives + 1), \.drives),
        .required("load", .amount, \.load), .required("memory", .integer(atLeast: 0), \.memory),
        .required("freeMemory", .integer(atLeast: 0), \.freeMemory),
        .required("problems", .set(of: .line(atMost: Limits.reportedText), atMost: Limits.reportedTexts), \.problems),
        .filled("builds", .set(of: .name(.type), atMost: Limits.builtTypes), \.builds),
        .filled("purged", .set(of: .serviceName, atMost: Limits.assignedServices), \.purged)
    ) {
        ServerReport(
            program: $0, applied: $1, bootedAt: $2, services: $3, jobs: $4, drives: $5, load: $6, memory: $7,
            freeMemory: $8, problems: $9, builds: $10, purged: $11)
    }
}

extension ServerService: Described {
    package static let form = Form<Self>.object(
        "ServerService", .required("state", .choice, \.state), .required("since", .time, \.since),
        .present("version", .line(atMost: 64), \.version), .present("previous", .line(atMost: 64), \.previous),
        .present("wanted", .line(atMost: 64), \.wanted),
        .required("assigned", .boolean, \.isAssigned),
        .required("restarts", .integer(0...Limits.reportedCount), \.restarts),
        .present("problem", .line(atMost: Limits.reportedText), \.problem),
        .present("refused", .boolean, \.givenRefusal),
        .filled("workers", .workers, \.workers), .present("masterRestarts", MasterRestarts.form, \.masterRestarts)
    ) {
        ServerService(
            state: $0, since: $1, version: $2, previous: $3, wanted: $4, isAssigned: $5, restarts: $6, problem: $7,
            isRefused: $8 ?? false, workers: $9, masterRestarts: $10)
    }

    /// A service whose version is taken does not say so.
    private var givenRefusal: Bool? { isRefused ? true : nil }
}

extension MasterRestarts: Described {
    package static let form = Form<Self>.object(
        "MasterRestarts", .required("count", .integer(1...Limits.reportedCount), \.count),
        .required("last", .time, \.last)
    ) { MasterRestarts(count: $0, last: $1) }
}

extension WorkerCount: Described {
    package static let form = Form<Self>.object(
        "WorkerCount", .required("ready", .integer(Limits.workers), \.ready),
        .required("all", .integer(Limits.workers), \.all)
    ) { WorkerCount(ready: $0, all: $1) }
}

extension JobReport: Described {
    package static let form = Form<Self>.object(
        "JobReport", .required("state", .choice, \.state), .required("startedAt", .time, \.startedAt),
        .present("endedAt", .time, \.endedAt), .present("problem", .line(atMost: Limits.reportedText), \.problem),
        .required("output", .bytes(0...Limits.jobOutput), \.output)
    ) { JobReport(state: $0, startedAt: $1, endedAt: $2, problem: $3, output: $4) }
}

extension DriveReport: Described {
    package static let form = Form<Self>.object(
        "DriveReport", .required("path", .line(atMost: 1_024), \.path), .required("mounted", .boolean, \.isMounted),
        .required("size", .integer(atLeast: 0), \.size), .required("free", .integer(atLeast: 0), \.free)
    ) { DriveReport(path: $0, isMounted: $1, size: $2, free: $3) }
}

extension ServerReportMessage: Described {
    package static let form = Form<Self>.object(
        "ServerReportMessage", .required("session", .line(atMost: 64), \.session),
        .required("sequence", .integer(1...Limits.reportedCount), \.sequence),
        .present("report", ServerReport.form, \.report), .present("changes", .patch, \.changes)
    ) { ServerReportMessage(session: $0, sequence: $1, report: $2, changes: $3) }
    .exactlyOne(of: "report", "changes")
}
