import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Names
import Registry
import Rollouts
import Text

extension RouteTable {
    var moveRoutes: [Route] {
        [
            Route(
                method: .get, path: .move(of: "{service}"), operation: "readMove",
                summary: "The move of a service to another server: the one that is on, or the last", access: .read,
                headers: [.ifNoneMatch, .prefer("the move")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The move", content: [(MediaType.json, MoveResource.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ]
            ) { request in
                let name = request.parameter("service")
                return try await answer(request, of: .cloud, changesWithTime: true) {
                    HeldAnswer(try await move(of: name))
                }
            },
            Route(
                method: .delete, path: .move(of: "{service}"), operation: "abortMove",
                summary: "Give up the move of a service, while the export names its old server", access: .change,
                query: [.dryRun], answers: [.changedList]
            ) { request in
                let (name, time) = (request.parameter("service"), Timestamp.text(registry.now()))
                let outcome = try await registry.write(
                    by: request.identity.author, dryRun: request.isDryRun,
                    places: { _ in .path(.service, name, "service") }
                ) { cloud, _ in try cloud.abortMove(of: name, at: time) }
                return try Self.report(outcome, to: request)
            },
            Route(
                method: .post, path: .switchOver(from: "{service}"), operation: "switchService",
                summary: "Have another instance of the type take over: an action of this one, then one of the other",
                access: .change, query: [.dryRun], body: Route.jsonBody(SwitchOver.form),
                answers: [
                    Route.Answer(
                        status: .ok, summary: "What would be done, with dry_run",
                        content: [(MediaType.json, CreatedJobs.form.schema)]),
                    Route.Answer(
                        status: .created, summary: "Both jobs", content: [(MediaType.json, CreatedJobs.form.schema)]),
                ]
            ) { request in try await switchService(request) },
        ]
    }

    private func move(of name: String) async throws -> MoveResource {
        let state = try await registry.state()
        _ = try state.cloud.service(name)
        guard let move = state.cloud.moves[name] else {
            throw ChangeError.missing("move of the service \(name.shownName())")
        }
        var resource = MoveResource(move)
        if move.isOpen {
            let seen = try await MoveObserver(registry: registry, gateways: gateways, nodes: nodes).observation(
                of: move, in: state)
            resource.waitsFor = move.progress.waiting(for: seen)
            resource.secondsLeft = move.progress.secondsLeft(at: seen.now)
        }
        return resource
    }

    private func switchService(_ request: APIRequest) async throws -> Response {
        let service = request.parameter("service")
        let wanted = try await request.read(SwitchOver.form) { wanted, _ in wanted }
        let now = registry.now()
        let deadline = Timestamp.text(now.addingTimeInterval(Double(wanted.seconds ?? 3_600)))
        func job(_ service: String, _ action: String) -> JobRequest {
            JobRequest(
                service: service, kind: .action, name: action, createdBy: request.identity.name,
                createdAt: Timestamp.text(now), deadline: deadline)
        }
        let switching = SwitchRequest(
            demotion: job(service, wanted.demote), promotion: job(wanted.to, wanted.promote),
            nonces: (.random(in: .min ... .max), .random(in: .min ... .max)))
        let cloud = try await registry.state().cloud
        try cloud.checkSwitch(switching)
        for (name, pointer) in [(service, "{service}"), (wanted.to, "#/to")] {
            let server = try cloud.service(name).server
            let told = await nodes.sighting(of: name, on: server)
            guard told.isSilent || told.service?.state != .running else { continue }
            let state = told.service?.state.rawValue ?? "absent"
            throw ChangeError.invalid([
                Fault(
                    place: .text(pointer),
                    detail: told.isSilent
                        ? "the server \(server) of the service \(name) is silent, so nobody knows whether it runs"
                        : "the service \(name) does not run on \(server): it is \(state)")
            ])
        }
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun,
            places: { _ in .path(.service, service, "service") }
        ) { cloud, _ in try cloud.add(switching) }
        let isDryRun = request.isDryRun
        var jobs: [JobResource] = []
        for change in outcome.summary.difference.changes where change.kind == .job && !isDryRun {
            jobs.append(try await nodes.job(change.name, in: outcome.state))
        }
        let body = CreatedJobs(
            jobs: jobs, report: ChangeReport(outcome.summary, generation: isDryRun ? nil : outcome.state.generation))
        return Response(
            status: isDryRun ? .ok : .created, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.jsonBytes)))
    }
}

extension HeldAnswer {
    /// The seconds that are left do not count for the tag.
    fileprivate init(_ move: MoveResource) {
        var counted = move
        counted.secondsLeft = nil
        self.init(Data(move.jsonBytes), counting: Data(counted.jsonBytes))
    }
}

extension MoveResource {
    /// A move as the registry has it: without what it waits for.
    init(_ move: RecordedMove) {
        let ending = move.progress.end ?? move.progress.ending
        var problem: String?
        if case .failed(let reason)? = ending { problem = reason }
        let state: State =
            switch move.progress.end {
            case nil: .moving
            case .moved: .moved
            case .failed: .failed
            case .aborted: .aborted
            case .overtaken: .overtaken
            }
        self.init(
            service: move.service, from: move.from, to: move.to, state: state, stage: move.progress.stage.rawValue,
            since: move.stageAt, isExclusive: move.progress.policy.isExclusive, createdBy: move.createdBy,
            createdAt: move.createdAt, endedAt: move.endedAt, problem: problem)
    }
}
