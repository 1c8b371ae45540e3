import JSON
import Names
public import Text

/// A server as its node tells of it (`GET /v1/nodes`).
public struct NodeResource: Sendable, Hashable {
    /// Whether ADMIN hears of a node.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Nothing since ADMIN started.
        case unheard
        /// It polls.
        case present
        /// Nothing for longer than `Limits.reportSilence`.
        case silent
        /// Nothing for so long that its services count as lost (`on-server-lost`).
        case lost
    }

    public var server: String
    public var location: String
    public var state: State
    /// When it was last heard of, RFC 3339 in UTC.
    public var seen: String?
    /// Seconds since then.
    public var age: Double?
    /// The version of its program.
    public var program: String?
    /// Whether it has carried out its present assignments.
    public var isInSync: Bool
    /// Services that are assigned to run there.
    public var assigned: Int
    /// Services that run there.
    public var running: Int
    /// In how many ways it differs from its assignments.
    public var differences: Int
    /// Processes that run or wait to run, an average over one minute.
    public var load: Double?
    /// Bytes.
    public var memory: Int?
    public var freeMemory: Int?
    /// Bytes of the file system of the node's directory.
    public var disk: Int?
    public var freeDisk: Int?
    /// What each service of the server does there.
    public var services: [ExactText: ServerService.State]
    /// The services of which another version is there than assigned, or with which the node has trouble.
    public var deviations: [ExactText: ServiceDeviation]
    /// Of the services with workers, how many are ready; `nil`: an older ADMIN does not tell.
    public var workers: [ExactText: WorkerCount]?

    public init(
        server: String, location: String, state: State, seen: String? = nil, age: Double? = nil,
        program: String? = nil, isInSync: Bool = false, assigned: Int = 0, running: Int = 0, differences: Int = 0,
        load: Double? = nil, memory: Int? = nil, freeMemory: Int? = nil, disk: Int? = nil, freeDisk: Int? = nil,
        services: [ExactText: ServerService.State] = [:], deviations: [ExactText: ServiceDeviation] = [:],
        workers: [ExactText: WorkerCount]? = nil
    ) {
        self.services = services
        self.deviations = deviations
        self.workers = workers
        self.server = server
        self.location = location
        self.state = state
        self.seen = seen
        self.age = age
        self.program = program
        self.isInSync = isInSync
        self.assigned = assigned
        self.running = running
        self.differences = differences
        self.load = load
        self.memory = memory
        self.freeMemory = freeMemory
        self.disk = disk
        self.freeDisk = freeDisk
    }
}

/// How a service is other on its server than assigned.
public struct ServiceDeviation: Sendable, Hashable {
    /// Whether the assigned version is there, and would run or runs.
    public var hasVersion: Bool
    /// The version that is there instead: SHA-256 of its manifest; `nil`: none.
    public var version: String?
    /// What the node has trouble with; `nil`: nothing that it tells of.
    public var problem: String?

    public init(hasVersion: Bool, version: String? = nil, problem: String? = nil) {
        self.hasVersion = hasVersion
        self.version = version
        self.problem = problem
    }
}

/// A way in which a server differs from its assignments.
public struct NodeDifference: Sendable, Hashable {
    public var service: String
    /// `is not there`, `runs version 3f2a…, and 91bc… is assigned`
    public var text: String

    public init(service: String, text: String) {
        self.service = service
        self.text = text
    }
}

/// What is left on a server of a service that has left it.
public struct ServiceRemains: Sendable, Hashable {
    public var service: String
    /// The drive where its data is; `nil`: it is on none.
    public var drive: String?
    /// Whether the server is to remove it, and has not said yet that it has.
    public var isPurged: Bool

    public init(service: String, drive: String?, isPurged: Bool) {
        self.service = service
        self.drive = drive
        self.isPurged = isPurged
    }
}

/// A node with its report (`GET /v1/servers/{server}/node`).
public struct NodeDetail: Sendable, Hashable {
    public var node: NodeResource
    public var differences: [NodeDifference]
    /// `nil`: there was none since ADMIN started.
    public var report: ServerReport?
    public var reportedAt: String?
    /// What services that ADMIN had installed there have left.
    public var remains: [ServiceRemains]

    public init(
        node: NodeResource, differences: [NodeDifference], report: ServerReport?, reportedAt: String?,
        remains: [ServiceRemains] = []
    ) {
        self.remains = remains
        self.node = node
        self.differences = differences
        self.report = report
        self.reportedAt = reportedAt
    }
}

// MARK: Forms

extension NodeResource: Described {
    package static let form = Form<Self>.object(
        "Node", .required("server", .name(.server), \.server), .required("location", .name(.location), \.location),
        .required("state", .choice, \.state), .present("seen", .time, \.seen), .present("age", .amount, \.age),
        .present("program", .line(atMost: 100), \.program), .required("inSync", .boolean, \.isInSync),
        .required("assigned", .integer(atLeast: 0), \.assigned), .required("running", .integer(atLeast: 0), \.running),
        .required("differences", .integer(atLeast: 0), \.differences), .present("load", .amount, \.load),
        .present("memory", .integer(atLeast: 0), \.memory), .present("freeMemory", .integer(atLeast: 0), \.freeMemory),
        .present("disk", .integer(atLeast: 0), \.disk), .present("freeDisk", .integer(atLeast: 0), \.freeDisk),
        .required("services", .dictionary(of: .choice, atMost: Limits.assignedServices), \.services),
        .present(
            "deviations", .dictionary(of: ServiceDeviation.form, atMost: Limits.assignedServices), else: [:],
            \.deviations),
        .present("workers", .dictionary(of: WorkerCount.form, atMost: Limits.assignedServices), \.workers)
    ) {
        NodeResource(
            server: $0, location: $1, state: $2, seen: $3, age: $4, program: $5, isInSync: $6, assigned: $7,
            running: $8, differences: $9, load: $10, memory: $11, freeMemory: $12, disk: $13, freeDisk: $14,
            services: $15, deviations: $16, workers: $17)
    }
}

extension ServiceDeviation: Described {
    package static let form = Form<Self>.object(
        "ServiceDeviation", .required("hasVersion", .boolean, \.hasVersion),
        .present("version", .line(atMost: 64), \.version),
        .present("problem", .line(atMost: Limits.reportedText), \.problem)
    ) { ServiceDeviation(hasVersion: $0, version: $1, problem: $2) }
}

extension NodeDifference: Described {
    package static let form = Form<Self>.object(
        "NodeDifference", .required("service", .line(atMost: Limits.reportedText), \.service),
        .required("text", .text, \.text)
    ) { NodeDifference(service: $0, text: $1) }
}

extension NodeDetail: Described {
    package static let form = Form<Self>.object(
        "NodeDetail", .required("node", NodeResource.form, \.node),
        .required("differences", .list(of: NodeDifference.form), \.differences),
        .present("report", ServerReport.form, \.report), .present("reportedAt", .time, \.reportedAt),
        .present("remains", .list(of: ServiceRemains.form), else: [], \.remains)
    ) { NodeDetail(node: $0, differences: $1, report: $2, reportedAt: $3, remains: $4) }
}

extension ServiceRemains: Described {
    package static let form = Form<Self>.object(
        "ServiceRemains", .required("service", .line(atMost: Limits.reportedText), \.service),
        .present("drive", .name(.drive), \.drive), .required("purged", .boolean, \.isPurged)
    ) { ServiceRemains(service: $0, drive: $1, isPurged: $2) }
}
