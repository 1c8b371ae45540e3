import Cloud
import GRDB
import Names
import Text

/// The rows of what servers are to have of services, of what is left there, and of jobs.
enum InstallationRows {
    /// The installation in a service's row.
    static func installation(_ row: Row) throws -> Installation? {
        guard let text: String = row["version"] else { return nil }
        guard let version = VersionReference(text), let digest: String = row["digest"],
            let desired = DesiredRun(rawValue: row["desired"] ?? "")
        else { throw CloudRows.unreadable("the version \(text.printed(atMost: 80)) of a service") }
        return Installation(
            version: version, digest: digest, desired: desired, drive: row["drive"], isStarting: row["starting"])
    }

    static func remains(_ db: Database) throws -> [Remains.ID: Remains] {
        try Row.fetchAll(db, sql: "SELECT * FROM remains").reduce(into: [:]) { remains, row in
            remains[Remains.ID(server: row["server"], service: row["service"])] = Remains(
                drive: row["drive"], isPurged: row["purged"])
        }
    }

    static func jobs(_ db: Database) throws -> [String: Job] {
        try Row.fetchAll(db, sql: "SELECT * FROM job").reduce(into: [:]) { jobs, row in
            let id: String = row["id"]
            var end: Job.End?
            if let outcome: String = row["outcome"], let endedAt: String = row["endedAt"] {
                end = Job.End(
                    outcome: JobOutcome(rawValue: outcome) ?? .unknown, startedAt: row["startedAt"], endedAt: endedAt,
                    problem: row["problem"], output: row["output"] ?? "")
            }
            jobs[id] = Job(
                id: id, number: row["number"], server: row["server"], work: try work(row, of: id),
                createdBy: row["createdBy"], createdAt: row["createdAt"], deadline: row["deadline"],
                after: row["after"], end: end)
        }
    }

    /// The kind of a job that builds a version. The others are those of `JobKind` and `MasterJobKind`.
    private static let build = "build"

    private static func work(_ row: Row, of id: String) throws -> Job.Work {
        let name: String = row["kind"]
        if name.isExactly(build) {
            guard let type: String = row["type"], let version: String = row["version"],
                let variant: String = row["variant"]
            else { throw CloudRows.unreadable("what job \(id) builds") }
            return .build(Job.BuildWork(type: type, version: version, variant: variant))
        }
        if let kind = MasterJobKind(rawValue: name), let service: String = row["service"] {
            return .master(try masterWork(row, kind, of: service))
        }
        guard let kind = JobKind(rawValue: name), let service: String = row["service"] else {
            throw CloudRows.unreadable("the kind of job \(id)")
        }
        let arguments: String? = row["arguments"]
        return .service(
            Job.ServiceWork(
                service: service, kind: kind, version: row["version"], name: row["name"],
                arguments: arguments.map { $0.splitBytes("\n").map { String($0) } } ?? []))
    }

    private static func masterWork(_ row: Row, _ kind: MasterJobKind, of service: String) throws -> Job.MasterWork {
        let source: String? = row["source"]
        return Job.MasterWork(
            service: service, kind: kind, worker: row["worker"], level: row["level"],
            lua: source.map {
                Job.Lua(
                    source: $0, session: row["session"], limit: row["seconds"] ?? Job.Lua.defaultLimit,
                    reason: row["reason"] ?? "")
            })
    }

    static func logLevels(_ db: Database) throws -> [String: String] {
        try Row.fetchAll(db, sql: "SELECT service, level FROM logLevel").reduce(into: [:]) {
            $0[$1["service"]] = $1["level"]
        }
    }

    /// Jobs for masters, and the levels of logs.
    static let masters = """
        ALTER TABLE job ADD COLUMN worker INTEGER;
        ALTER TABLE job ADD COLUMN level TEXT;
        ALTER TABLE job ADD COLUMN source TEXT;
        ALTER TABLE job ADD COLUMN session TEXT;
        ALTER TABLE job ADD COLUMN seconds INTEGER;
        ALTER TABLE job ADD COLUMN reason TEXT;
        CREATE TABLE logLevel (service TEXT NOT NULL PRIMARY KEY, level TEXT NOT NULL) STRICT;

        """

    /// Jobs that are for no service, but build a version of a type.
    static let builds = """
        CREATE TABLE newJob (
            id TEXT NOT NULL PRIMARY KEY,
            number INTEGER NOT NULL,
            service TEXT,
            server TEXT NOT NULL,
            kind TEXT NOT NULL,
            version TEXT NOT NULL,
            name TEXT,
            arguments TEXT,
            createdBy TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            deadline TEXT NOT NULL,
            outcome TEXT CHECK (outcome IN ('succeeded', 'failed', 'unknown')),
            startedAt TEXT,
            endedAt TEXT,
            problem TEXT,
            output TEXT,
            after TEXT,
            type TEXT,
            variant TEXT,
            CHECK ((outcome IS NULL) = (endedAt IS NULL)),
            CHECK ((service IS NULL) = (kind = 'build')),
            CHECK ((type IS NULL) = (service IS NOT NULL) AND (variant IS NULL) = (service IS NOT NULL))
        ) STRICT;
        INSERT INTO newJob
            (id, number, service, server, kind, version, name, arguments, createdBy, createdAt, deadline, outcome,
             startedAt, endedAt, problem, output, after)
            SELECT id, number, service, server, kind, version, name, arguments, createdBy, createdAt, deadline, outcome,
                startedAt, endedAt, problem, output, after FROM job;
        DROP TABLE job;
        ALTER TABLE newJob RENAME TO job;

        """

    /// Writes what differs of remains, jobs and levels of logs.
    static func store(_ db: Database, from before: Cloud, to after: Cloud) throws {
        for id in before.remains.keys where after.remains[id] == nil {
            try db.execute(
                sql: "DELETE FROM remains WHERE server = ? AND service = ?", arguments: [id.server, id.service])
        }
        for (id, left) in after.remains where before.remains[id] != left {
            try db.execute(
                sql: "INSERT OR REPLACE INTO remains (server, service, drive, purged) VALUES (?, ?, ?, ?)",
                arguments: [id.server, id.service, left.drive, left.isPurged])
        }
        for id in before.jobs.keys where after.jobs[id] == nil {
            try db.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id])
        }
        for (id, job) in after.jobs where before.jobs[id] != job { try store(db, job) }
        for service in before.logLevels.keys where after.logLevels[service] == nil {
            try db.execute(sql: "DELETE FROM logLevel WHERE service = ?", arguments: [service])
        }
        for (service, level) in after.logLevels where before.logLevels[service] != level {
            try db.execute(
                sql: "INSERT OR REPLACE INTO logLevel (service, level) VALUES (?, ?)", arguments: [service, level])
        }
    }

    private static func store(_ db: Database, _ job: Job) throws {
        let master = job.masterWork
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO job
                    (id, number, service, server, kind, version, name, arguments, type, variant, createdBy, createdAt,
                     deadline, outcome, startedAt, endedAt, problem, output, after, worker, level, source, session,
                     seconds, reason)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                job.id, job.number, job.serviceWork?.service ?? master?.service, job.server,
                job.serviceWork?.kind.rawValue ?? master?.kind.rawValue ?? build,
                // A job for a master is for whichever version runs.
                job.serviceWork?.version ?? job.buildWork?.version ?? "", job.serviceWork?.name,
                (job.serviceWork?.arguments).flatMap { $0.isEmpty ? nil : $0.joined(separator: "\n") },
                job.buildWork?.type, job.buildWork?.variant, job.createdBy, job.createdAt, job.deadline,
                job.end?.outcome.rawValue, job.end?.startedAt, job.end?.endedAt, job.end?.problem, job.end?.output,
                job.after, master?.worker, master?.level, master?.lua?.source, master?.lua?.session,
                master?.lua?.limit, master?.lua?.reason,
            ])
    }
}
