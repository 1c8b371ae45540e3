import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Names
import Registry

extension RouteTable {
    var jobRoutes: [Route] {
        let created = [(MediaType.json, CreatedJob.form.schema)]
        return [
            jobList.route(in: self),
            Route(
                method: .get, path: .job("{job}"), operation: "readJob", summary: "A job, with its output so far",
                access: .read, headers: [.ifNoneMatch, .prefer("the job")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The job", content: [(MediaType.json, JobResource.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ]
            ) { request in
                let id = request.parameter("job")
                return try await answer(request, of: .nodes) {
                    HeldAnswer(Data(try await nodes.job(id, in: try await registry.state()).jsonBytes))
                }
            },
            Route(
                method: .post, path: .jobs(of: "{service}"), operation: "createJob",
                summary: "Have a service restarted, tested, or an action of it run, or its master do something, once",
                access: .change,
                query: [.dryRun], body: Route.jsonBody(JobCreation.form),
                answers: [
                    Route.Answer(status: .ok, summary: "What would be done, with dry_run", content: created),
                    Route.Answer(status: .created, summary: "The job", content: created),
                ]
            ) { request in try await createJob(request) },
        ]
    }

    private func createJob(_ request: APIRequest) async throws -> Response {
        let service = request.parameter("service")
        let wanted = try await request.read(JobCreation.form) { wanted, _ in wanted }
        let now = registry.now()
        let author = request.identity.name
        let nonce = UInt32.random(in: .min ... .max)
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun,
            places: { _ in .path(.service, service, "service") }
        ) { cloud, _ in
            switch wanted.kind {
            case .node(let kind):
                try cloud.add(JobRequest(wanted, kind, of: service, by: author, at: now), nonce: nonce)
            case .master(let kind):
                try cloud.add(MasterJobRequest(wanted, kind, of: service, by: author, at: now), nonce: nonce)
            }
        }
        return try await Self.answer(toJob: outcome, request, nodes)
    }

    /// The answer to a request that has made a job, or with dry_run would have.
    static func answer(
        toJob outcome: Registry.Outcome, _ request: APIRequest, _ nodes: NodeRoster
    ) async throws -> Response {
        let id = outcome.summary.difference.changes.first { $0.kind == .job }?.name
        let isDryRun = request.isDryRun
        let body = CreatedJob(
            job: isDryRun ? nil : try await id.asyncMap { try await nodes.job($0, in: outcome.state) },
            report: ChangeReport(outcome.summary, generation: isDryRun ? nil : outcome.state.generation))
        return Response(
            status: isDryRun ? .ok : .created, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.jsonBytes)))
    }
}

extension JobRequest {
    /// A job for the node of the service's server. Throws a fault for what only a job for a master has.
    fileprivate init(
        _ wanted: JobCreation, _ kind: JobKind, of service: String, by author: String, at now: Date
    ) throws {
        guard wanted.details == MasterJobDetails() else {
            throw ChangeError.invalid([
                Fault(
                    place: "#/kind",
                    detail: "a job of the kind \(kind.rawValue) is done by the server's node: worker, level, source, "
                        + "session, seconds and reason are for jobs of the service's master")
            ])
        }
        self.init(
            service: service, kind: kind, name: wanted.name, arguments: wanted.arguments, createdBy: author,
            createdAt: Timestamp.text(now), deadline: wanted.deadline(from: now, patience: 3_600))
    }
}

extension MasterJobRequest {
    /// A job for the master of a service. Throws a fault for what only an action has.
    fileprivate init(
        _ wanted: JobCreation, _ kind: MasterJobKind, of service: String, by author: String, at now: Date
    ) throws {
        guard wanted.name == nil, wanted.arguments.isEmpty else {
            throw ChangeError.invalid([
                Fault(
                    place: wanted.name == nil ? "#/arguments" : "#/name",
                    detail: "only a job of the kind action has a name and arguments")
            ])
        }
        let details = wanted.details
        self.init(
            service: service, kind: kind, worker: details.worker, level: details.level, source: details.source,
            session: details.session, limit: details.limit, reason: details.reason, createdBy: author,
            createdAt: Timestamp.text(now), deadline: wanted.deadline(from: now, patience: kind.patience))
    }
}

extension JobCreation {
    fileprivate func deadline(from now: Date, patience: Int) -> String {
        Timestamp.text(now.addingTimeInterval(Double(seconds ?? patience)))
    }
}
