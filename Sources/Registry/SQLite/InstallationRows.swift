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
        return Installation(version: version, digest: digest, desired: desired, drive: row["drive"], isStarting: row["starting"])
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
            guard let kind = JobKind(rawValue: row["kind"]) else { throw CloudRows.unreadable("the kind of job \(id)") }
            var end: Job.End?
            if let outcome: String = row["outcome"], let endedAt: String = row["endedAt"] {
                end = Job.End(
                    outcome: JobOutcome(rawValue: outcome) ?? .unknown, startedAt: row["startedAt"], endedAt: endedAt,
                    problem: row["problem"], output: row["output"] ?? "")
            }
            let arguments: String? = row["arguments"]
            jobs[id] = Job(
                id: id, number: row["number"], service: row["service"], server: row["server"], kind: kind,
                version: row["version"], name: row["name"],
                arguments: arguments.map { $0.splitBytes("\n").map { String($0) } } ?? [],
                createdBy: row["createdBy"], createdAt: row["createdAt"], deadline: row["deadline"],
                after: row["after"], end: end)
        }
    }

    /// Writes what differs of remains and jobs.
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
    }

    private static func store(_ db: Database, _ job: Job) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO job
                    (id, number, service, server, kind, version, name, arguments, createdBy, createdAt, deadline,
                     outcome, startedAt, endedAt, problem, output, after)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                job.id, job.number, job.service, job.server, job.kind.rawValue, job.version, job.name,
                job.arguments.isEmpty ? nil : job.arguments.joined(separator: "\n"), job.createdBy, job.createdAt,
                job.deadline, job.end?.outcome.rawValue, job.end?.startedAt, job.end?.endedAt, job.end?.problem,
                job.end?.output, job.after,
            ])
    }
}
