import JSON
public import Names
import Text

/// Something that a server is to do once, or has done.
public struct Job: Sendable, Hashable {
    /// Unique for ever: a server that has done a job of this identifier does it no more.
    public let id: String
    /// The order in which jobs were made, from 1.
    public let number: Int
    public let server: String
    public let work: Work
    public let createdBy: String
    /// RFC 3339 in UTC, as the other times.
    public let createdAt: String
    /// After this time it is not begun, and ended where it runs.
    public let deadline: String
    /// The job that must have succeeded before this one is begun; `nil`: none.
    public let after: String?
    /// How it ended; `nil`: it has not, as far as ADMIN knows.
    public var end: End?

    /// What is done.
    public enum Work: Sendable, Hashable {
        case service(ServiceWork)
        case master(MasterWork)
        case build(BuildWork)
    }

    /// What is done for a service.
    public struct ServiceWork: Sendable, Hashable {
        public let service: String
        public let kind: JobKind
        /// The manifest of the version that the job is for.
        public let version: String
        /// The name of an action.
        public let name: String?
        public let arguments: [String]

        package init(service: String, kind: JobKind, version: String, name: String?, arguments: [String]) {
            self.service = service
            self.kind = kind
            self.version = version
            self.name = name
            self.arguments = arguments
        }
    }

    /// What the master of a service does.
    public struct MasterWork: Sendable, Hashable {
        public let service: String
        public let kind: MasterJobKind
        /// The worker that it is for; `nil`: the first one that is ready.
        public let worker: Int?
        /// Of the kind `log-level`; `nil`: the program's own level.
        public let level: String?
        /// Of the kind `lua`, as the rest.
        public let lua: Lua?

        package init(service: String, kind: MasterJobKind, worker: Int? = nil, level: String? = nil, lua: Lua? = nil) {
            self.service = service
            self.kind = kind
            self.worker = worker
            self.level = level
            self.lua = lua
        }
    }

    /// A piece of Lua that is run inside a worker.
    public struct Lua: Sendable, Hashable {
        public let source: String
        /// Jobs of one session share a Lua state; `nil`: it has one of its own.
        public let session: String?
        /// Seconds after which it is ended.
        public let limit: Int
        /// Why it is run.
        public let reason: String

        package init(source: String, session: String?, limit: Int, reason: String) {
            self.source = source
            self.session = session
            self.limit = limit
            self.reason = reason
        }

        /// The seconds of a piece of Lua for which none are given.
        package static let defaultLimit = 5
    }

    /// A version is built. By which command, the server alone knows.
    public struct BuildWork: Sendable, Hashable {
        public let type: String
        public let version: String
        public let variant: String

        package init(type: String, version: String, variant: String) {
            self.type = type
            self.version = version
            self.variant = variant
        }
    }

    /// The end of a job.
    public struct End: Sendable, Hashable {
        public var outcome: JobOutcome
        /// `nil`: it was not begun, or nobody knows.
        public var startedAt: String?
        public var endedAt: String
        /// How it ended, in words; `nil`: it has succeeded.
        public var problem: String?
        /// The end of its output.
        public var output: String

        public init(
            outcome: JobOutcome, startedAt: String? = nil, endedAt: String, problem: String? = nil, output: String = ""
        ) {
            self.outcome = outcome
            self.startedAt = startedAt
            self.endedAt = endedAt
            self.problem = problem
            self.output = output
        }
    }

    package init(
        id: String, number: Int, server: String, work: Work, createdBy: String, createdAt: String, deadline: String,
        after: String? = nil, end: End? = nil
    ) {
        self.id = id
        self.number = number
        self.server = server
        self.work = work
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.deadline = deadline
        self.after = after
        self.end = end
    }

    /// What it does for a service; `nil`: it is for none.
    public var serviceWork: ServiceWork? {
        if case .service(let work) = work { work } else { nil }
    }

    /// What the master of a service does; `nil`: it is no job for a master.
    public var masterWork: MasterWork? {
        if case .master(let work) = work { work } else { nil }
    }

    /// What it builds; `nil`: nothing.
    public var buildWork: BuildWork? {
        if case .build(let work) = work { work } else { nil }
    }

    /// How many jobs that have ended are kept: the newest.
    package static let kept = 500
    /// Jobs of a server that have not ended.
    package static let mostOpen = 1_000
    /// Jobs of a service's master that have not ended.
    package static let mostOpenOfMaster = 32
    /// The author of jobs that ADMIN makes at intervals. No token has the name.
    package static let scheduler = "clock"
}

extension Job: CustomStringConvertible {
    /// `restart of tg.3 on app2`, `backup of mdb.1 on db1`, `build of pgw 1.5.0/debug on build1`
    public var description: String {
        switch work {
        case .service(let work): "\(work.name ?? work.kind.rawValue) of \(work.service) on \(server)"
        case .master(let work):
            work.kind.rawValue + (work.level.map { " \($0)" } ?? "")
                + (work.worker.map { " in worker \($0)" } ?? "") + " of \(work.service) on \(server)"
        case .build(let work): "build of \(work) on \(server)"
        }
    }
}

extension Job {
    /// What is recorded when it is made: of Lua also the reason and the source, as JSON strings on the same line.
    package var record: String {
        guard let lua = masterWork?.lua else { return description }
        return "\(self), reason \(JSONValue.string(lua.reason)), source \(JSONValue.string(lua.source))"
    }
}

extension Job.BuildWork: CustomStringConvertible {
    /// `pgw 1.5.0/debug`
    public var description: String {
        "\(type) \(version)" + (variant.isExactly(BuildSection.mainVariant) ? "" : "/\(variant)")
    }
}
