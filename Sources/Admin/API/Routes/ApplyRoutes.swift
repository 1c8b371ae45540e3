import AdminAPI
import Cloud
import Hummingbird
import NetworkTypes
import Registry
import ServiceSupport

extension RouteTable {
    var applyRoutes: [Route] {
        [
            Route(
                method: .post, path: "/v1/apply", operation: "apply",
                summary: "Make the cloud, or the listed part of it, as given: in one transaction, or not at all",
                access: .admin, query: [.dryRun],
                body: Route.Body(
                    mediaType: MediaTypes.json, schema: Schemas.reference("Apply"), limit: Limits.apply),
                answers: [.changedList]
            ) { request in
                let wanted = try await request.json { WantedCloud($0) }
                let types = try await BlockingWork.run { try wanted.readTypes() }
                let outcome = try await registry.write(
                    by: request.identity.name, dryRun: request.isDryRun, places: { _ in wanted.places }
                ) { cloud, before in
                    wanted.apply(to: &cloud, types: types)
                    if !request.isDryRun { try wanted.checkPrune(from: before.cloud, to: cloud, pruneGuard) }
                }
                return try Self.report(outcome, to: request)
            }
        ]
    }
}

/// The body of an apply, read.
struct WantedCloud: Sendable {
    struct Service: Sendable {
        var type: String
        var index: Int
        var server: String
        var state: ServiceState?
        var weight: Int?
    }

    struct SourceText: Sendable {
        var name: String
        var source: String
    }

    var locations: [Location]
    var pools: [AddressPool]
    var servers: [Server]
    var types: [SourceText]
    var services: [Service]
    var prune: Bool
    /// How many things the prune may delete, where that is a large part of the cloud.
    var yesDelete: Int?
    /// Where the parts stand in the body.
    var places: RequestPlaces

    /// Reads the body; `nil` after faults have been noted.
    init?(_ field: JSONField) {
        guard let body = field.object(["locations", "pools", "servers", "types", "services", "prune", "yesDelete"])
        else {
            return nil
        }
        var places = RequestPlaces()
        locations = Self.list(body, "locations", key: \.name) { Self.location($0, &places) }
        pools = Self.list(body, "pools", key: \.id) { Self.pool($0, &places) }
        servers = Self.list(body, "servers", key: \.name) { Self.server($0, &places) }
        types = Self.list(body, "types", key: \.name, Self.type)
        services = Self.list(body, "services", key: { "\($0.type).\($0.index)" }) { Self.service($0, &places) }
        prune = body.present("prune") { $0.boolean() } ?? false
        yesDelete = body.optional("yesDelete") { $0.integer(in: 0...Limits.applied * 5) }
        self.places = places
    }

    /// A list of the body in which nothing may be named twice.
    private static func list<Element, Key: Hashable>(
        _ body: JSONObject, _ name: String, key: (Element) -> Key, _ read: (JSONField) -> Element?
    ) -> [Element] {
        var seen: Set<Key> = []
        return body.present(name) { field in
            field.elements(atMost: Limits.applied) { field -> Element? in
                guard let element = read(field) else { return nil }
                if !seen.insert(key(element)).inserted { field.fault("is listed twice") }
                return element
            }
        } ?? []
    }

    private static func location(_ field: JSONField, _ places: inout RequestPlaces) -> Location? {
        guard let body = field.object(["name", "description"]) else { return nil }
        let description = body.optional("description") { $0.line(length: 1000) }
        guard let name = body.required("name", { $0.name(of: .location) }) else { return nil }
        places.add(.init(.location, name), field.pointer)
        return Location(name: name, description: description ?? "")
    }

    private static func pool(_ field: JSONField, _ places: inout RequestPlaces) -> AddressPool? {
        guard let body = field.object(["location", "name", "addresses"]) else { return nil }
        let location = body.required("location") { $0.name(of: .location) }
        let name = body.required("name") { $0.name(of: .pool) }
        let addresses = body.required("addresses") { $0.unicastAddresses(atMost: Limits.poolAddresses) }
        guard let location, let name, let addresses else { return nil }
        let pool = AddressPool(location: location, name: name, addresses: addresses)
        places.add(.pool(pool.id), field.pointer)
        places.add(.pool, pool.id.description, [.location], of: body)
        places.add(.pool, pool.id.description, addresses: addresses, of: body)
        return pool
    }

    private static func server(_ field: JSONField, _ places: inout RequestPlaces) -> Server? {
        guard let body = field.object(["name", "location", "kind", "addresses", "labels"]) else { return nil }
        let name = body.required("name") { $0.name(of: .server) }
        let location = body.required("location") { $0.name(of: .location) }
        let kind = body.required("kind") { $0.choice(ServerKind.self) }
        let addresses = body.required("addresses", RouteTable.serverAddresses)
        let labels = body.optional("labels", RouteTable.serverLabels)
        guard let name, let location, let kind, let addresses else { return nil }
        places.add(.init(.server, name), field.pointer)
        places.addServer(name, addresses, of: body)
        return Server(name: name, location: location, kind: kind, addresses: addresses, labels: labels ?? [])
    }

    private static func type(_ field: JSONField) -> SourceText? {
        guard let body = field.object(["name", "source"]) else { return nil }
        let name = body.required("name") { $0.name(of: .type) }
        let source = body.required("source") { $0.string() }
        guard let name, let source else { return nil }
        guard source.utf8.count <= Limits.source else {
            field.fault("the source is longer than \(Limits.source) bytes")
            return nil
        }
        return SourceText(name: name, source: source)
    }

    private static func service(_ field: JSONField, _ places: inout RequestPlaces) -> Service? {
        guard let body = field.object(["name", "server", "state", "weight"]) else { return nil }
        let name = body.required("name") { $0.serviceName() }
        let server = body.required("server") { $0.name(of: .server) }
        let state = body.present("state") { $0.choice(ServiceState.self) }
        let weight = body.optional("weight") { $0.integer(in: RouteTable.weights) }
        guard let name, let server else { return nil }
        let service = "\(name.type).\(name.index)"
        places.add(.init(.service, service), field.pointer)
        places.addService(service, of: body)
        return Service(type: name.type, index: name.index, server: server, state: state, weight: weight)
    }

    /// The meta-configurations, read; the faults of all of them in one error.
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

    /// Throws where a prune deletes a large part of the cloud and the request does not name the number, or another one.
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

    /// Makes `cloud` as wanted. References may dangle afterwards: the check for contradictions finds them.
    ///
    /// A service without a state keeps the one it has: an operator's drain outlives an apply.
    func apply(to cloud: inout Cloud, types: [ServiceType]) {
        let present = cloud.services
        if prune { cloud = Cloud(marks: cloud.marks, secrets: cloud.secrets.values) }
        for location in locations { cloud.locations[location.name] = location }
        for pool in pools { cloud.pools[pool.id] = pool }
        for server in servers { cloud.servers[server.name] = server }
        for type in types { cloud.types[type.name] = type }
        for service in services {
            let name = "\(service.type).\(service.index)"
            cloud.services[name] = ServiceInstance(
                type: service.type, index: service.index, server: service.server,
                state: service.state ?? present[name]?.state ?? .ready, weight: service.weight)
        }
    }
}
