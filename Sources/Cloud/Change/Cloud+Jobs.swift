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
        let server = request.server ?? service.server
        guard jobs.values.count(where: { $0.end == nil && $0.server == server }) < Job.mostOpen else {
            throw ChangeError.inUse(
                "server \(server) has \(Job.mostOpen) jobs that have not ended, and takes no more")
        }
        let number = (jobs.values.map(\.number).max() ?? 0) + 1
        let digits = String(nonce, radix: 16)
        let id = "\(number)-\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)"
        jobs[id] = Job(
            id: id, number: number, service: service.name, server: server, kind: request.kind,
            version: installation.digest, name: request.name, arguments: request.arguments,
            createdBy: request.createdBy, createdAt: request.createdAt, deadline: request.deadline,
            after: request.after)
        return id
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
            if job.createdBy == Job.scheduler { notices.append(Notice(failed: job, end, of: services[job.service])) }
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
    fileprivate init(failed job: Job, _ end: Job.End, of service: ServiceInstance?) {
        let output =
            end.output.utf8.isEmpty ? "" : "\n\(String(decoding: end.output.utf8.suffix(8 << 10), as: UTF8.self))"
        self.init(
            .warning, of: .service, job.service,
            title: "\(job) \(end.outcome == .failed ? "has failed" : "ended, and nobody knows how")",
            text: "\(end.problem ?? "")\(output)\nportcullis jobs show \(job.id)", type: service?.type)
    }
}
