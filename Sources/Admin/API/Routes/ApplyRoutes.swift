import AdminAPI
import Cloud
import Hummingbird
import Names
import NetworkTypes
import Registry
import ServiceSupport

extension RouteTable {
    var applyRoutes: [Route] {
        [
            Route(
                method: .post, path: .apply, operation: "apply",
                summary: "Make the cloud, or the listed part of it, as given: in one transaction, or not at all",
                access: .change, query: [.dryRun, .withoutData], headers: [.ifMatchRegistry],
                body: Route.Body(
                    mediaType: MediaType.json, schema: ApplyRequest.form.schema, limit: Limits.apply),
                answers: [.changedCloud], problems: [.notFound]
            ) { request in
                let wanted = try await request.read(ApplyRequest.form) { WantedCloud($0, $1) }
                let types = try await BlockingWork.run { try wanted.readTypes() }
                let known = try await registry.versions.known(wanted.versions)
                let siblings = try await registry.siblingVersions(in: try await registry.state().cloud)
                let mayLeaveData = try request.boolean(QueryParameter.withoutData)
                let preconditions = Preconditions(request.headers)
                let (author, time) = (request.identity.name, Timestamp.text(registry.now()))
                let outcome = try await registry.write(
                    by: request.identity.author, dryRun: request.isDryRun, places: { _ in wanted.places }
                ) { cloud, before in
                    try wanted.apply(to: &cloud, types: types, known)
                    for service in wanted.services {
                        try cloud.move(
                            MoveRequest(
                                service: service.name, server: service.server, mayLeaveData: mayLeaveData,
                                createdBy: author, createdAt: time), since: before.cloud, wanted.places)
                    }
                    try cloud.remove(wanted.removal)
                    if !mayLeaveData { try cloud.requireDataStays(since: before.cloud, wanted.places) }
                    // So that a prune counts only what goes.
                    cloud.placeOnEachServer(since: before.cloud, siblings)
                    if !request.isDryRun { try wanted.checkPrune(from: before.cloud, to: cloud, pruneGuard) }
                    try preconditions.check([EntityTag.of(before.commit)])
                }
                return try Self.report(outcome, ofRegistryTo: request)
            }
        ]
    }
}

/// The body of an apply request.
struct WantedCloud: Sendable {
    struct Service: Sendable {
        var type: String
        var index: Int
        var server: String
        var state: ServiceState?
        var weight: Int?
        var until: String?
        var version: VersionReference?
        var desired: DesiredRun?

        var name: String { "\(type).\(index)" }
    }

    struct PlacedServer: Sendable {
        var server: Server
        /// Whether a present server of the name keeps its state.
        var keepsState: Bool
    }

    struct SourceText: Sendable {
        var name: String
        var source: String
    }

    var locations: [Location]
    var pools: [AddressPool]
    var egress: [Egress]
    var servers: [PlacedServer]
    var types: [SourceText]
    var services: [Service]
    var prune: Bool
    /// The number of objects that the prune may delete even if it is a large part of the cloud.
    var yesDelete: Int?
    /// What is taken away when the rest is in place.
    var removal: CloudRemoval
    /// The places of the parts in the body.
    var places: RequestPlaces

    /// - Parameter body: the object from which `wanted` was read.
    init(_ wanted: ApplyRequest, _ body: JSONObject) {
        locations = wanted.locations.map { Location(name: $0.name, description: $0.description ?? "") }
        pools = wanted.pools.map { pool in
            AddressPool(
                location: pool.location, name: pool.name, addresses: pool.addresses.compactMap { IPAddress($0) })
        }
        egress = wanted.egress.map { rule in
            Egress(
                EgressChange(pool: rule.pool, from: rule.from, except: rule.except),
                at: Egress.ID(location: rule.location, name: rule.name))
        }
        servers = wanted.servers.map { server in
            PlacedServer(
                server: Server(
                    name: server.name, location: server.location, kind: server.kind,
                    addresses: server.addresses.compactMap { IPAddress($0) }, labels: server.labels,
                    state: server.state ?? .ready, until: server.until.flatMap(Timestamp.inUTC),
                    drives: RouteTable.drives(server.drives)),
                keepsState: server.state == nil)
        }
        types = wanted.types.map { SourceText(name: $0.name, source: $0.source) }
        services = wanted.services.compactMap { service in
            ServiceName(service.name).map { name in
                Service(
                    type: name.type, index: name.index, server: service.server,
                    state: service.state, weight: service.weight, until: service.until.flatMap(Timestamp.inUTC),
                    version: service.version, desired: service.desired)
            }
        }
        prune = wanted.prune
        yesDelete = wanted.yesDelete
        removal = CloudRemoval(wanted.remove ?? ApplyRemoval())
        places = RequestPlaces()
        notePlaces(body)
    }

    /// Notes the place of each part in the body.
    private mutating func notePlaces(_ body: JSONObject) {
        func objects(_ name: String) -> [JSONObject] { body.field(name)?.objects ?? [] }
        for (location, object) in zip(locations, objects("locations")) {
            places.add(.init(.location, location.name), object.pointer)
        }
        for (pool, object) in zip(pools, objects("pools")) {
            places.add(.pool(pool.id), object.pointer)
            places.add(.pool, pool.id.description, [.location], of: object)
            places.addAddresses(.pool, pool.id.description, of: object)
        }
        for (rule, object) in zip(egress, objects("egress")) {
            places.add(.egress(rule.id), object.pointer)
            places.addEgress(rule.id, of: object)
        }
        for (server, object) in zip(servers.map(\.server), objects("servers")) {
            places.add(.init(.server, server.name), object.pointer)
            places.addServer(server.name, of: object)
        }
        for (service, object) in zip(services, objects("services")) {
            places.add(.init(.service, service.name), object.pointer)
            places.addService(service.name, of: object)
        }
        places.add(removal)
    }

    /// Reads the meta-configurations. Throws the faults of all of them in one error.
    func readTypes() throws -> [ServiceType] {
        var read: [ServiceType] = []
        var faults: [Fault] = []
        for type in types {
            do {
                read.append(try ServiceType.read(source: type.source, name: type.name))
            } catch ChangeError.metaConfiguration(let found) {
                faults += found
            }
        }
        guard faults.isEmpty else { throw ChangeError.metaConfiguration(Array(faults.prefix(100))) }
        return read
    }

    /// Throws if a prune deletes a large part of the cloud and the request does not name the right number.
    func checkPrune(from before: Cloud, to after: Cloud, _ guarding: PruneGuard) throws {
        guard prune else { return }
        let verdict = guarding.verdict(from: before, to: after)
        guard !verdict.objections.isEmpty, yesDelete != verdict.deleted else { return }
        throw APIProblem(
            .conflict,
            "The prune would delete \(verdict.deleted) things; nothing was changed. A request that means it names the "
                + "number: \"yesDelete\": \(verdict.deleted).",
            errors: verdict.objections.map { .init(pointer: "#/prune", detail: "\($0) would be deleted") },
            kind: .deletion)
    }

    /// The versions that it names.
    var versions: [NamedVersion] {
        services.compactMap { service in
            service.version.map { NamedVersion(type: service.type, version: $0) }
        }
    }

    /// Makes `cloud` as wanted. References may dangle afterwards; the check for contradictions finds them.
    ///
    /// A service or server without a state keeps its present one, so that an operator's drain survives an apply.
    /// So does its version. One that was there before stays on its server: `Cloud.move` follows. Throws
    /// `ChangeError.invalid` for versions that ADMIN does not know, or that are quarantined.
    ///
    /// - Parameter known: the versions that it knows.
    func apply(to cloud: inout Cloud, types: [ServiceType], _ known: [NamedVersion: KnownVersion]) throws {
        let present = cloud.services
        let presentServers = cloud.servers
        if prune {
            let former = cloud
            cloud = Cloud(marks: cloud.marks, secrets: cloud.secrets.values)
            (cloud.remains, cloud.jobs) = (former.remains, former.jobs)
            (cloud.moves, cloud.actionRuns) = (former.moves, former.actionRuns)
            (cloud.rollouts, cloud.lostServers) = (former.rollouts, former.lostServers)
        }
        for location in locations { cloud.locations[location.name] = location }
        for pool in pools { cloud.pools[pool.id] = pool }
        for rule in egress { cloud.egress[rule.id] = rule }
        for placed in servers {
            cloud.servers[placed.server.name] = presentServers[placed.server.name]
            cloud.put(placed.server, keepingState: placed.keepsState)
        }
        for type in types { cloud.types[type.name] = type }
        var faults: [Fault] = []
        for (index, service) in services.enumerated() {
            let name = service.name
            var installation = present[name]?.installation
            if let version = service.version {
                do {
                    installation = try Installation(
                        version, known[NamedVersion(type: service.type, version: version)],
                        desired: service.desired ?? installation?.desired ?? .running, of: service.type,
                        before: installation, at: "#/services/\(index)/version")
                } catch ChangeError.invalid(let found) {
                    faults += found
                }
            }
            cloud.services[name] = ServiceInstance(
                type: service.type, index: service.index, server: present[name]?.server ?? service.server,
                state: service.state ?? present[name]?.state ?? .ready, weight: service.weight,
                until: service.state == nil ? present[name]?.until : service.until, installation: installation)
        }
        guard faults.isEmpty else { throw ChangeError.invalid(Array(faults.prefix(100))) }
    }
}
