import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Names
import Registry
import Rollouts
import Synchronization

extension RouteTable {
    var rolloutRoutes: [Route] {
        let created = [(MediaType.json, CreatedRollout.form.schema)]
        let begun = [
            Route.Answer(
                status: .ok,
                summary:
                    "How it would begin, with dry_run; or one that is at work on the same already, or that there is nothing "
                    + "to do", content: created),
            Route.Answer(status: .created, summary: "The rollout", content: created),
        ]
        return [
            rolloutList.route(in: self),
            Route(
                method: .get, path: .rollout("{rollout}"), operation: "readRollout",
                summary: "A rollout, with what it does with each instance", access: .read,
                headers: [.ifNoneMatch, .prefer("the rollout")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The rollout", content: [(MediaType.json, RolloutResource.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ]
            ) { request in
                let id = request.parameter("rollout")
                return try await answer(request, of: .rollouts, changesWithTime: true) {
                    HeldAnswer(try await rollouts.resource(id, in: try await registry.state(), withInstances: true))
                }
            },
            Route(
                method: .post, path: .rollouts, operation: "createRollout",
                summary: "Change the instances of a type to another version, batch by batch", access: .change,
                query: [.dryRun], body: Route.jsonBody(RolloutCreation.form),
                answers: begun
            ) { request in
                let wanted = try await request.read(RolloutCreation.form) { wanted, _ in wanted }
                var places = RequestPlaces()
                for (index, name) in wanted.services.enumerated() {
                    places.add(.init(.service, name), "#/services/\(index)")
                }
                let target = try await registry.target(ofRolloutTo: wanted.version, of: wanted.type, at: "#/version")
                return try await begin(wanted, to: target, request, places)
            },
            Route(
                method: .post, path: .variant(of: "{service}"), operation: "changeVariant",
                summary: "Change an instance to another variant of the version that it has, by a rollout",
                access: .change, query: [.dryRun], body: Route.jsonBody(VariantChange.form),
                answers: begun
            ) { request in
                let service = request.parameter("service")
                let wanted = try await request.read(VariantChange.form) { wanted, _ in wanted }
                let target = try await registry.target(ofVariant: wanted.variant, for: service, at: "#/variant")
                let creation = RolloutCreation(
                    type: target.type, version: target.version, services: [service], bake: wanted.bake,
                    deadline: wanted.deadline, withoutGateways: wanted.withoutGateways)
                return try await begin(creation, to: target, request, .path(.service, service, "service"))
            },
            order(.pause, "Begin no further batch"),
            order(.resume, "Go on with a rollout that is paused; after canaries, with the others", takesGateways: true),
            order(.abort, "End a rollout: what is being changed goes back, what is done stays"),
            order(.revert, "Take all instances of a rollout back to the versions that they had"),
        ]
    }

    private var rolloutList: ResourceList<RolloutResource, RolloutResource> {
        ResourceList(
            path: .rollouts, operation: "listRollouts",
            summary: "The rollouts: those at work, and the newest that have ended", thing: .rollouts, name: { $0.id },
            filters: [
                .filter(QueryParameter.type, "Those of a type"),
                .filter(QueryParameter.state, "Those in a state", RolloutState.self),
            ],
            orders: [.init(name: "number") { SortKey(.number(Int($0.id) ?? 0)) }],
            elements: { request in
                let wanted = try request.choice(QueryParameter.state, of: RolloutState.self)
                let state = try await registry.state()
                var resources: [RolloutResource] = []
                for rollout in state.cloud.rollouts.values where request.allows(QueryParameter.type, rollout.type) {
                    let resource = try await rollouts.resource(rollout.id, in: state, withInstances: false)
                    if wanted.map({ $0 == resource.state }) ?? true { resources.append(resource) }
                }
                return resources
            }, resource: { $0 })
    }

    /// Begins a rollout, and answers with it.
    private func begin(
        _ wanted: RolloutCreation, to target: RolloutTarget, _ request: APIRequest, _ places: RequestPlaces
    ) async throws -> Response {
        let prepared = RolloutRequest(
            type: wanted.type, version: target.version, digest: target.digest, variants: target.variants,
            seen: target.seen, services: wanted.services,
            running: await nodes.services(running: target, in: try await registry.state()),
            location: wanted.location, policy: RolloutPolicy(), withoutGateways: Set(wanted.withoutGateways),
            createdBy: request.identity.name, createdAt: Timestamp.text(registry.now()))
        let beginning = Mutex<RolloutBeginning?>(nil)
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun, places: { _ in places }
        ) { cloud, _ in
            var rollout = prepared
            let policy = cloud.types[wanted.type]?.configuration.upgrade ?? RolloutPolicy()
            rollout.policy = try policy.overridden(by: wanted)
            let begun = try cloud.begin(rollout)
            beginning.withLock { $0 = begun }
        }
        let (begun, isDryRun) = (beginning.withLock(\.self), request.isDryRun)
        var body = CreatedRollout(
            rollout: try await begun?.rollout.asyncMap {
                try await rollouts.resource($0, in: outcome.state, withInstances: true)
            }, report: ChangeReport(outcome.summary, generation: isDryRun ? nil : outcome.state.generation))
        if case .upToDate(let count)? = begun { body.upToDate = count }
        // The driver has not looked yet at those that have the version, and do not run it.
        let progress = begun?.rollout.flatMap { outcome.state.cloud.rollouts[$0]?.progress }
        for (index, instance) in (progress?.instances ?? []).enumerated()
        where instance.stage == .waiting && instance.version == progress?.target(of: instance)
            && !prepared.running.contains(instance.name)
        {
            guard let told = body.rollout?.instances?[index], told.waitsFor == nil else { continue }
            body.rollout?.instances?[index].waitsFor = "\(told.server ?? "its server") to run it"
        }
        return Response(
            status: isDryRun || outcome.summary.difference.isEmpty ? .ok : .created,
            headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.jsonBytes)))
    }

    /// The route of an order, which answers with the rollout as it is then.
    private func order(_ order: RolloutOrder, _ summary: String, takesGateways: Bool = false) -> Route {
        Route(
            method: .post, path: .order(order, to: "{rollout}"), operation: "\(order.rawValue)Rollout",
            summary: summary, access: .change, query: [.dryRun],
            body: takesGateways ? Route.jsonBody(RolloutOrdering.form) : nil,
            answers: [.result("The rollout, or with dry_run as it would be", RolloutResource.form.schema)],
            problems: [.conflict]
        ) { request in
            let id = request.parameter("rollout")
            let gateways =
                takesGateways ? try await request.read(RolloutOrdering.form) { body, _ in body.withoutGateways } : []
            let outcome = try await registry.order(
                order, rollout: id, withoutGateways: Set(gateways), by: request.identity.author,
                dryRun: request.isDryRun)
            return Self.result(try await rollouts.resource(id, in: outcome.state, withInstances: true))
        }
    }
}

extension HeldAnswer {
    /// The seconds of stages do not count for the tag.
    fileprivate init(_ rollout: RolloutResource) {
        var counted = rollout
        for index in counted.instances?.indices ?? 0..<0 { counted.instances?[index].seconds = 0 }
        self.init(Data(rollout.jsonBytes), counting: Data(counted.jsonBytes))
    }
}
