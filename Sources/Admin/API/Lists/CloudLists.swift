import AdminAPI
import Cloud
import Names
import Registry
import Text

/// A service with the location of its server.
struct PlacedService: Sendable {
    let service: ServiceInstance
    let location: String
    /// Its state and whose that is. Lists filter and sort by it.
    let effective: EffectiveState
    /// Its newest move.
    let move: RecordedMove?

    var state: ServiceState { effective.state }

    init(_ service: ServiceInstance, in cloud: Cloud) {
        self.service = service
        location = cloud.servers[service.server]?.location ?? ""
        effective = cloud.effectiveState(of: service)
        move = cloud.moves[service.name]
    }

    var name: SortKey { SortKey(.text(service.type), .number(service.index)) }

    /// Services with the same value, in the order of their names.
    func key(_ value: String) -> SortKey { SortKey(.text(value), .text(service.type), .number(service.index)) }
}

extension RouteTable {
    var serviceList: ResourceList<PlacedService, ServiceResource> {
        ResourceList(
            path: .services, operation: "listServices", summary: "Services", thing: .cloud, name: { $0.service.name },
            filters: [
                .filter(QueryParameter.type, "Those of a type"), .filter(QueryParameter.server, "Those on a server"),
                .filter(QueryParameter.location, "Those of a location"),
                .filter(QueryParameter.state, "Those in a state", ServiceState.self),
            ],
            orders: [
                .init(name: "name") { $0.name }, .init(name: "server") { $0.key($0.service.server) },
                .init(name: "location") { $0.key($0.location) }, .init(name: "state") { $0.key($0.state.rawValue) },
            ],
            elements: { request in
                let state = try request.choice(QueryParameter.state, of: ServiceState.self)
                let cloud = try await registry.state().cloud
                return cloud.services.values.lazy.filter {
                    request.allows(QueryParameter.type, $0.type) && request.allows(QueryParameter.server, $0.server)
                }.map { PlacedService($0, in: cloud) }.filter { placed in
                    request.allows(QueryParameter.location, placed.location)
                        && (state.map { $0 == placed.state } ?? true)
                }
            }, resource: { ServiceResource($0.service, effective: $0.effective, move: $0.move) })
    }

    var serverList: ResourceList<Server, ServerResource> {
        ResourceList(
            path: .servers, operation: "listServers", summary: "Servers", thing: .cloud, name: { $0.name },
            filters: [
                .filter(QueryParameter.location, "Those of a location"),
                .filter(QueryParameter.kind, "Those of a kind", ServerKind.self),
                .filter(QueryParameter.label, "Those with a label"),
            ],
            orders: [
                .init(name: "name") { SortKey(.text($0.name)) },
                .init(name: "location") { SortKey(.text($0.location), .text($0.name)) },
                .init(name: "kind") { SortKey(.text($0.kind.rawValue), .text($0.name)) },
            ],
            elements: { request in
                let kind = try request.choice(QueryParameter.kind, of: ServerKind.self)
                let label = request.query[QueryParameter.label]
                return try await registry.state().cloud.servers.values.filter { server in
                    request.allows(QueryParameter.location, server.location)
                        && (kind.map { $0 == server.kind } ?? true)
                        && (label.map { label in server.labels.contains { $0.isExactly(label) } } ?? true)
                }
            }, resource: { ServerResource($0) })
    }

    var typeList: ResourceList<TypeSummary, TypeSummary> {
        ResourceList(
            path: .types, operation: "listTypes", summary: "Service types", thing: .cloud, name: { $0.type },
            filters: [],
            orders: [
                .init(name: "type") { SortKey(.text($0.type)) },
                .init(name: "changedAt") { SortKey(.text($0.changedAt), .text($0.type)) },
            ],
            elements: { _ in try await registry.state().revisions.map { TypeSummary($0.key, $0.value) } },
            resource: { $0 })
    }

    var nodeList: ResourceList<NodeResource, NodeResource> {
        ResourceList(
            path: .nodes, operation: "listNodes", summary: "The servers, as their nodes tell of them", thing: .nodes,
            name: { $0.server }, filters: [.filter(QueryParameter.location, "Those of a location")],
            orders: [
                .init(name: "server") { SortKey(.text($0.server)) },
                .init(name: "location") { SortKey(.text($0.location), .text($0.server)) },
            ], restless: ["age", "seen", "load", "freeMemory", "freeDisk"], remainder: { silence($0.age ?? 0) },
            elements: { request in
                let state = try await registry.state()
                return await nodes.resources(in: state).filter {
                    request.allows(QueryParameter.location, $0.location)
                }
            }, resource: { $0 })
    }

    var jobList: ResourceList<JobResource, JobResource> {
        ResourceList(
            path: .jobs, operation: "listJobs",
            summary: "The jobs: those that have not ended, and the newest that have",
            thing: .nodes, name: { $0.id },
            filters: [
                .filter(QueryParameter.service, "Those of a service"),
                .filter(QueryParameter.server, "Those of a server"),
                .filter(QueryParameter.state, "Those in a state", JobState.self),
            ],
            orders: [.init(name: "number") { SortKey(.number(Int($0.id.splitBytes("-").first ?? "") ?? 0)) }],
            elements: { request in
                let state = try request.choice(QueryParameter.state, of: JobState.self)
                let cloud = try await registry.state()
                return await nodes.jobs(in: cloud).filter { job in
                    request.allows(QueryParameter.service, job.service)
                        && request.allows(QueryParameter.server, job.server) && (state.map { $0 == job.state } ?? true)
                }
            }, resource: { $0 })
    }

    var gatewayList: ResourceList<GatewayResource, GatewayResource> {
        ResourceList(
            path: .gateways, operation: "listGateways", summary: "The gateways, as their polls tell of them",
            thing: .gateways, name: { "\($0.location)/\($0.name)" },
            filters: [.filter(QueryParameter.location, "Those of a location")],
            orders: [
                .init(name: "location") { SortKey(.text($0.location), .text($0.name)) },
                .init(name: "name") { SortKey(.text($0.name), .text($0.location)) },
            ], restless: ["age", "lastPoll"], remainder: { silence($0.age) },
            elements: { request in
                try await gateways.resources(in: try await registry.state())
                    .filter { request.allows(QueryParameter.location, $0.location) }
            }, resource: { $0 })
    }
}

/// How long something has been silent, in steps that double: 0 for less than a minute, 1 for less than two, …
private func silence(_ age: Double) -> Int {
    var (step, limit) = (0, 60.0)
    while age >= limit, step < 32 {
        step += 1
        limit *= 2
    }
    return step
}
