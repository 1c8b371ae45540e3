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
    /// Of the services with workers, how many are ready; `nil`: an older ADMIN does not tell.
    public var workers: [ExactText: WorkerCount]?

    public init(
        server: String, location: String, state: State, seen: String? = nil, age: Double? = nil,
        program: String? = nil, isInSync: Bool = false, assigned: Int = 0, running: Int = 0, differences: Int = 0,
        load: Double? = nil, memory: Int? = nil, freeMemory: Int? = nil, disk: Int? = nil, freeDisk: Int? = nil,
        services: [ExactText: ServerService.State] = [:], workers: [ExactText: WorkerCount]? = nil
    ) {
        self.services = services
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

/// A node with its report (`GET /v1/servers/{server}/node`).
public struct NodeDetail: Sendable, Hashable {
    public var node: NodeResource
    public var differences: [NodeDifference]
    /// `nil`: there was none since ADMIN started.
    public var report: ServerReport?
    public var reportedAt: String?

    public init(node: NodeResource, differences: [NodeDifference], report: ServerReport?, reportedAt: String?) {
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
        .present("workers", .dictionary(of: WorkerCount.form, atMost: Limits.assignedServices), \.workers)
    ) {
        NodeResource(
            server: $0, location: $1, state: $2, seen: $3, age: $4, program: $5, isInSync: $6, assigned: $7,
            running: $8, differences: $9, load: $10, memory: $11, freeMemory: $12, disk: $13, freeDisk: $14,
            services: $15, workers: $16)
    }
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
        .present("report", ServerReport.form, \.report), .present("reportedAt", .time, \.reportedAt)
    ) { NodeDetail(node: $0, differences: $1, report: $2, reportedAt: $3) }
}
