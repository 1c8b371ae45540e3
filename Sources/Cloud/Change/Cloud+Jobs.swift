package import Names
import Text

/// A job that somebody asks for.
package struct JobRequest: Sendable, Hashable {
    package var service: String
    package var kind: JobKind
    package var name: String?
    package var arguments: [String]
    package var createdBy: String
    package var createdAt: String
    package var deadline: String
    /// Where it is done; `nil`: on the service's server.
    package var server: String?
    /// The job that must have succeeded before this one is begun; `nil`: none.
    package var after: String?

    package init(
        service: String, kind: JobKind, name: String? = nil, arguments: [String] = [], createdBy: String,
        createdAt: String, deadline: String, server: String? = nil, after: String? = nil
    ) {
        self.server = server
        self.after = after
        self.service = service
        self.kind = kind
        self.name = name
        self.arguments = arguments
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.deadline = deadline
    }
}

/// A version that somebody has a server build.
package struct BuildRequest: Sendable, Hashable {
    package var work: Job.BuildWork
    package var server: String
    package var createdBy: String
    package var createdAt: String
    package var deadline: String

    package init(work: Job.BuildWork, server: String, createdBy: String, createdAt: String, deadline: String) {
        self.work = work
        self.server = server
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.deadline = deadline
    }
}

extension Server {
    /// The label of a server that builds versions.
    package static let builderLabel = "builder"

    /// Whether it may be told to build versions.
    package var isBuilder: Bool { labels.contains { $0.isExactly(Self.builderLabel) } }
}

extension Cloud {
    /// The jobs that have not ended, in their order. Walks over all jobs.
    package var openJobs: [Job] { jobs.values.filter { $0.end == nil }.sorted { $0.number < $1.number } }

    /// Adds a job for the version that the service has.
    ///
    /// Throws `ChangeError` if there is no such service, if it is not installed by ADMIN, if its type does not have
    /// the action or that does not take the arguments, or if its server has too many jobs.
    ///
    /// - Parameter nonce: makes the identifier unique, also where an older registry was restored.
    /// - Returns: the identifier.
    @discardableResult
    package mutating func add(_ request: JobRequest, nonce: UInt32) throws -> String {
        let service = try service(request.service)
        guard let installation = service.installation else {
            throw ChangeError.invalid([
                Fault(place: "{service}", detail: "the service \(service.name) has no version: ADMIN does not run it")
            ])
        }
        guard (request.kind == .action) == (request.name != nil) else {
            throw ChangeError.invalid([
                Fault(
                    place: "#/name",
                    detail: request.kind == .action
                        ? "an action needs its name" : "only a job of the kind action has a name")
            ])
        }
        if let name = request.name { try checkAction(name, request.arguments, of: service) }
        guard request.kind == .action || request.arguments.isEmpty else {
            throw ChangeError.invalid([Fault(place: "#/arguments", detail: "only an action takes arguments")])
        }
        let (number, id) = try nextJob(on: request.server ?? service.server, nonce)
        jobs[id] = Job(
            id: id, number: number, server: request.server ?? service.server,
            work: .service(
                Job.ServiceWork(
                    service: service.name, kind: request.kind, version: installation.digest, name: request.name,
                    arguments: request.arguments)),
            createdBy: request.createdBy, createdAt: request.createdAt, deadline: request.deadline,
            after: request.after)
        return id
    }

    /// The number and the identifier of the next job. Throws if the server has too many. Walks over all jobs.
    func nextJob(on server: String, _ nonce: UInt32) throws(ChangeError) -> (number: Int, id: String) {
        guard jobs.values.count(where: { $0.end == nil && $0.server == server }) < Job.mostOpen else {
            throw ChangeError.inUse(
                "server \(server) has \(Job.mostOpen) jobs that have not ended, and takes no more")
        }
        let number = (jobs.values.map(\.number).max() ?? 0) + 1
        let digits = String(nonce, radix: 16)
        return (number, "\(number)-\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)")
    }

    /// Adds a job that builds a version.
    ///
    /// Throws `ChangeError` if there is no such type or server, if the server is no builder, or if it has too many jobs.
    ///
    /// - Parameter nonce: makes the identifier unique, also where an older registry was restored.
    package mutating func add(_ request: BuildRequest, nonce: UInt32) throws {
        guard types[request.work.type] != nil else { throw ChangeError.missing("type \(request.work.type)") }
        guard let server = servers[request.server] else {
            throw ChangeError.invalid([
                Fault(place: "#/server", detail: "there is no server \(request.server.printed(atMost: 80))")
            ])
        }
        guard server.isBuilder else {
            throw ChangeError.invalid([
                Fault(
                    place: "#/server",
                    detail: "the server \(server.name) has no label \(Server.builderLabel), so it builds nothing")
            ])
        }
        let (number, id) = try nextJob(on: server.name, nonce)
        jobs[id] = Job(
            id: id, number: number, server: server.name, work: .build(request.work), createdBy: request.createdBy,
            createdAt: request.createdAt, deadline: request.deadline)
    }

    /// Ends the builds of servers that are builders no more. Walks over all jobs.
    ///
    /// - Parameter time: RFC 3339.
    package mutating func settleBuilds(at time: String) {
        let orphans = jobs.values.filter {
            $0.end == nil && $0.buildWork != nil && servers[$0.server]?.isBuilder != true
        }
        for job in orphans.sorted(by: { $0.number < $1.number }) {
            endJob(
                job.id,
                Job.End(
                    outcome: .failed, endedAt: time,
                    problem: "the server \(job.server) has the label \(Server.builderLabel) no more"))
        }
    }

    /// Whether a server may send a version now: it is a builder, and has a job to build that version which has not ended
    /// and whose deadline has not passed. Walks over all jobs.
    ///
    /// - Parameters:
    ///   - work: `nil`: any version.
    ///   - type: `nil`: any type.
    ///   - time: RFC 3339 in UTC, as the deadlines.
    package func isBuilding(_ work: Job.BuildWork?, ofType type: String? = nil, on server: String, at time: String)
        -> Bool
    {
        guard servers[server]?.isBuilder == true else { return false }
        return jobs.values.contains { job in
            guard job.end == nil, job.server == server, job.deadline > time, let known = job.buildWork else {
                return false
            }
            return (work.map { $0 == known } ?? true) && (type.map { $0 == known.type } ?? true)
        }
    }

    private func checkAction(_ name: String, _ arguments: [String], of service: ServiceInstance) throws {
        let actions = types[service.type]?.configuration.actions ?? []
        guard let action = actions.first(where: { $0.name.isExactly(name) }) else {
            let names = actions.map(\.name).joined(separator: ", ")
            throw ChangeError.invalid([
                Fault(
                    place: "#/name",
                    detail: "the type \(service.type) has no action \"\(name.shownName())\""
                        + (names.isEmpty ? "" : "; it has \(names)"))
            ])
        }
        do throws(ActionArgumentError) {
            _ = try action.words(with: arguments)
        } catch {
            throw ChangeError.invalid([Fault(place: "#/arguments", detail: error.description)])
        }
    }

    /// Whether a job that has not ended may be begun: the one before it, if any, has succeeded.
    package func isReleased(_ job: Job) -> Bool {
        job.after.map { jobs[$0]?.end?.outcome == .succeeded } ?? true
    }

    /// Notes how a job has ended, unless that is known, and forgets the oldest that have. Those that were to follow it end
    /// as failed unless it has succeeded. Cost: walks over all jobs.
    package mutating func endJob(_ id: String, _ end: Job.End) {
        guard let job = jobs[id], job.end == nil else { return }
        jobs[id]?.end = end
        if end.outcome != .succeeded {
            if job.createdBy == Job.scheduler, let work = job.serviceWork {
                notices.append(Notice(failed: job, end, of: work.service, services[work.service]))
            }
            for next in openJobs where next.after == id {
                endJob(
                    next.id,
                    Job.End(
                        outcome: .failed, endedAt: end.endedAt,
                        problem: "it was not begun: \(job) \(end.outcome == .failed ? "has failed" : "ended unseen")"))
            }
        }
        let needed = Set(openJobs.compactMap(\.after))
        let ended = jobs.values.filter { $0.end != nil && !needed.contains($0.id) }.sorted { $0.number < $1.number }
        for job in ended.dropLast(Job.kept) { jobs[job.id] = nil }
    }
}

extension Notice {
    /// That a job at intervals has not succeeded.
    fileprivate init(failed job: Job, _ end: Job.End, of name: String, _ service: ServiceInstance?) {
        let output =
            end.output.utf8.isEmpty ? "" : "\n\(String(decoding: end.output.utf8.suffix(8 << 10), as: UTF8.self))"
        self.init(
            .warning, of: .service, name,
            title: "\(job) \(end.outcome == .failed ? "has failed" : "ended, and nobody knows how")",
            text: "\(end.problem ?? "")\(output)\nportcullis jobs show \(job.id)", type: service?.type)
    }
}
