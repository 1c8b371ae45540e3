public import Names
public import Text

/// What a server is to have and to run (`GET /v1/servers/{server}/assignments`). It names things only: what is executed
/// and what is placed is in the manifests, which the server trusts by their signatures.
public struct Assignments: Sendable, Hashable {
    public var server: String
    public var location: String
    /// By service name. A service of the server that is not named here stays as it is, and is reported: an ADMIN that has
    /// lost its registry stops nothing.
    public var services: [ExactText: Assignment]
    /// What is to be done once, by identifier.
    public var jobs: [ExactText: AssignedJob]
    /// What is to be built, by the identifier of the job.
    public var builds: [ExactText: AssignedBuild]
    /// Jobs and builds that cannot be taken as they were read, and why, by identifier. They stop nothing else, and are
    /// never written.
    public var refusedJobs: [ExactText: String]

    public init(
        server: String, location: String, services: [ExactText: Assignment] = [:],
        jobs: [ExactText: AssignedJob] = [:], builds: [ExactText: AssignedBuild] = [:],
        refusedJobs: [ExactText: String] = [:]
    ) {
        self.refusedJobs = refusedJobs
        self.builds = builds
        self.server = server
        self.location = location
        self.services = services
        self.jobs = jobs
    }
}

/// What is to become of one service of a server.
public struct Assignment: Sendable, Hashable {
    /// What is wanted of a service on its server.
    public enum Desired: String, Sendable, Hashable, CaseIterable {
        /// Its version is there, and it runs.
        case running
        /// Its version is there, and it does not run.
        case stopped
        /// It does not run, and no longer starts with the server. Its directory stays.
        case absent
        /// It is absent, and its directory is removed.
        case purged
    }

    public var desired: Desired
    /// The version: SHA-256 of its manifest, 64 hexadecimal digits; `nil`: none is to be there yet.
    public var version: String?
    /// The drive of the server where its data is; `nil`: its data is not on a drive.
    public var drive: String?
    /// Seconds after the last answer of ADMIN at which the server itself stops the service, by a clock that counts while
    /// the machine sleeps; `nil`: it runs on without ADMIN.
    public var lease: Int?

    public init(desired: Desired, version: String?, drive: String? = nil, lease: Int? = nil) {
        self.lease = lease
        self.desired = desired
        self.version = version
        self.drive = drive
    }
}

/// Something to be done once.
public struct AssignedJob: Sendable, Hashable {
    public typealias Kind = JobKind

    public var service: String
    public var kind: Kind
    /// The version that the job is for: it fails if another one is there by then.
    public var version: String?
    /// The name of an action.
    public var name: String?
    /// Its arguments.
    public var arguments: [String]
    /// After this time the job is not begun, and one that runs is ended: RFC 3339 in UTC.
    public var deadline: String

    public init(
        service: String, kind: Kind, version: String? = nil, name: String? = nil, arguments: [String] = [],
        deadline: String
    ) {
        self.service = service
        self.kind = kind
        self.version = version
        self.name = name
        self.arguments = arguments
        self.deadline = deadline
    }
}

/// A version to be built. By which command, as which user and from which files, the server's node.yaml alone says.
public struct AssignedBuild: Sendable, Hashable {
    public var type: String
    public var version: String
    public var variant: String
    /// After this time the build is not begun, and one that runs is ended: RFC 3339 in UTC.
    public var deadline: String

    public init(type: String, version: String, variant: String, deadline: String) {
        self.type = type
        self.version = version
        self.variant = variant
        self.deadline = deadline
    }
}

// MARK: Forms

extension Assignments: Described {
    package static let form = Form<Self>.object(
        "Assignments", .required("server", .name(.server), \.server),
        .required("location", .name(.location), \.location),
        .required("services", .dictionary(of: Assignment.form, atMost: Limits.assignedServices), \.services),
        .required("jobs", .dictionary(ofFitting: AssignedJob.form, atMost: Limits.assignedJobs), \.givenJobs),
        .present("builds", .dictionary(ofFitting: AssignedBuild.form, atMost: Limits.assignedJobs), \.givenBuilds)
    ) { Assignments(server: $0, location: $1, services: $2, readJobs: $3, readBuilds: $4) }

    private init(
        server: String, location: String, services: [ExactText: Assignment],
        readJobs: FittingMembers<AssignedJob>, readBuilds: FittingMembers<AssignedBuild>?
    ) {
        let builds = readBuilds ?? FittingMembers(fitting: [:])
        self.init(
            server: server, location: location, services: services, jobs: readJobs.fitting, builds: builds.fitting,
            refusedJobs: readJobs.faults.merging(builds.faults) { first, _ in first })
    }

    private var givenJobs: FittingMembers<AssignedJob> { FittingMembers(fitting: jobs) }

    /// A server without any is not told of them.
    private var givenBuilds: FittingMembers<AssignedBuild>? {
        builds.isEmpty ? nil : FittingMembers(fitting: builds)
    }
}

extension AssignedBuild: Described {
    package static let form = Form<Self>.object(
        "AssignedBuild", .required("type", .line(atMost: 63), \.type),
        .required("version", .line(atMost: 64), \.version),
        .required("variant", .line(atMost: 63), \.variant), .required("deadline", .time, \.deadline)
    ) { AssignedBuild(type: $0, version: $1, variant: $2, deadline: $3) }
}

extension Assignment: Described {
    package static let form = Form<Self>.object(
        "Assignment", .required("desired", .choice, \.desired), .present("version", .line(atMost: 64), \.version),
        .present("drive", .line(atMost: 63), \.drive), .present("lease", .integer(Limits.leaseSeconds), \.lease)
    ) { Assignment(desired: $0, version: $1, drive: $2, lease: $3) }
}

extension AssignedJob: Described {
    package static let form = Form<Self>.object(
        "AssignedJob", .required("service", .serviceName, \.service), .required("kind", .choice, \.kind),
        .present("version", .line(atMost: 64), \.version), .present("name", .line(atMost: 63), \.name),
        .required("arguments", .list(of: .line(atMost: 1_024)), \.arguments), .required("deadline", .time, \.deadline)
    ) { AssignedJob(service: $0, kind: $1, version: $2, name: $3, arguments: $4, deadline: $5) }
}
