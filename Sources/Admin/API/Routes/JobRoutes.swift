import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
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
                summary: "Have a service restarted, tested, or an action of it run, once", access: .change,
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
        let job = JobRequest(
            service: service, kind: wanted.kind, name: wanted.name, arguments: wanted.arguments,
            createdBy: request.identity.name, createdAt: Timestamp.text(now),
            deadline: Timestamp.text(now.addingTimeInterval(Double(wanted.seconds ?? 3_600))))
        let nonce = UInt32.random(in: .min ... .max)
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun,
            places: { _ in .path(.service, service, "service") }
        ) { cloud, _ in try cloud.add(job, nonce: nonce) }
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
