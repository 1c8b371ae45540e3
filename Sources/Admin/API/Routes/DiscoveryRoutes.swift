import AdminAPI
import Cloud
import Foundation
import Hummingbird
import JSON
import Names
import NetworkTypes
import Registry
import ServiceSupport
import Text

extension RouteTable {
    var discoveryRoutes: [Route] {
        let filters = [
            Route.Parameter(
                name: QueryParameter.ready, summary: "true, or without a value: ready instances only",
                schema: ["type": "string", "enum": ["", "true", "false"]]),
            .filter(QueryParameter.location, "Those of a location"),
        ]
        var instances = Route.get(
            .instances(of: "{type}"), operation: "listInstances",
            "The instances of a type with the addresses and ports that they listen on", query: filters,
            answering: [InstanceResource].form
        ) { request in
            let type = request.parameter("type")
            return try await answer(request, of: .cloud) {
                let cloud = try await registry.state().cloud
                guard cloud.types[type] != nil else { throw ChangeError.missing("type \(type.shownName())") }
                return try await BlockingWork.run {
                    let instances = try cloud.instances(request) { $0.type.isExactly(type) }
                    return HeldAnswer(Data(instances.map(InstanceResource.init).jsonBytes))
                }
            }
        }
        var prometheus = Route.get(
            .prometheus, operation: "discoverForPrometheus",
            "All instances as the targets of Prometheus (http_sd_configs)",
            query: filters + [.filter(QueryParameter.type, "Those of a type")], answering: [ScrapeGroup].form
        ) { request in
            try await answer(request, of: .cloud) {
                let cloud = try await registry.state().cloud
                return try await BlockingWork.run {
                    let instances = try cloud.instances(request) { request.allows(QueryParameter.type, $0.type) }
                    return HeldAnswer(Data(instances.flatMap(\.scrapeGroups).jsonBytes))
                }
            }
        }
        instances.holdList()
        prometheus.holdList()
        return [instances, prometheus]
    }
}

extension Route {
    /// Describes that the answer may be held.
    fileprivate mutating func holdList() {
        headers.append(.prefer("the list"))
        answers = [answers[0], .notModifiedPoll]
        answers[0].headers = [.eTag, .vary, .preferenceApplied]
    }
}

/// An instance with its server and the sections of its type.
private struct DiscoveredInstance {
    let placed: PlacedService
    let server: Server
    let sections: [GatewaySection]
}

extension Cloud {
    /// The instances that a request asks for, by type and index. Cost: walks over all services.
    fileprivate func instances(
        _ request: APIRequest, where isWanted: (ServiceInstance) -> Bool
    ) throws -> [DiscoveredInstance] {
        let onlyReady: Bool
        switch request.query[QueryParameter.ready] {
        case nil, "false": onlyReady = false
        case "", "true": onlyReady = true
        case .some: throw APIProblem.badRequest("?ready", "ready is true or false.")
        }
        return services.values.filter(isWanted).compactMap { service -> DiscoveredInstance? in
            let placed = PlacedService(service, in: self)
            guard let server = servers[service.server], request.allows(QueryParameter.location, server.location),
                !onlyReady || placed.state == .ready
            else { return nil }
            return DiscoveredInstance(
                placed: placed, server: server, sections: types[service.type]?.configuration.gateway ?? [])
        }.sorted { $0.placed.name < $1.placed.name }
    }
}

extension InstanceResource {
    fileprivate init(_ instance: DiscoveredInstance) {
        self.init(
            service: instance.placed.service.name, server: instance.server.name, location: instance.server.location,
            state: instance.placed.state, addresses: instance.server.addresses.map(\.description),
            ports: instance.sections.flatMap(\.instancePorts))
    }
}

extension GatewaySection {
    /// Where instances listen: the internal ports, or the ranges of a mark, which keeps the client's port.
    fileprivate var instancePorts: [InstanceResource.Port] {
        let ranges =
            switch exposure {
            case .ports(let mappings, _): Set(mappings.map(\.internalPort)).sorted().compactMap { PortRange($0) }
            case .mark(let mark): mark.ports
            }
        return protocols.flatMap { transport in
            ranges.map { range in
                InstanceResource.Port(
                    section: name, transport: transport.description, port: Int(range.first),
                    lastPort: range.isSinglePort ? nil : Int(range.last))
            }
        }
    }
}

extension DiscoveredInstance {
    /// A group for each section with single TCP ports. Without any, one with the address alone: the port is left to
    /// Prometheus' own rules.
    fileprivate var scrapeGroups: [ScrapeGroup] {
        let hosts = server.addresses.map { $0.family == .ipv6 ? "[\($0)]" : "\($0)" }.prefix(1)
        let groups = sections.compactMap { section -> ScrapeGroup? in
            let ports = section.instancePorts.filter { $0.transport == "tcp" && $0.lastPort == nil }
            guard !ports.isEmpty else { return nil }
            return ScrapeGroup(
                targets: hosts.flatMap { host in ports.map { "\(host):\($0.port)" } },
                labels: labels(section: section.name))
        }
        return groups.isEmpty ? [ScrapeGroup(targets: Array(hosts), labels: labels(section: nil))] : groups
    }

    private func labels(section: String?) -> [ExactText: String] {
        var labels: [ExactText: String] = [:]
        func add(_ name: String, _ value: String) { labels[ExactText("__meta_portcullis_\(name)")] = value }
        add("service", placed.service.name)
        add("type", placed.service.type)
        add("index", "\(placed.service.index)")
        add("state", placed.state.rawValue)
        add("server", server.name)
        add("server_kind", server.kind.rawValue)
        // With commas around it, so that a rule can look for ",label,".
        add("server_labels", server.labels.isEmpty ? "" : ",\(server.labels.joined(separator: ",")),")
        add("location", server.location)
        if let section { add("section", section) }
        return labels
    }
}
