extension Cloud {
    /// Labels that a service's server lacks, and types that a service needs but that have no service. Walks over all
    /// services.
    public func requirementContradictions() -> [Contradiction] {
        let present = Set(services.values.lazy.map(\.type))
        return services.values.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
            .flatMap { service -> [Contradiction] in
                guard let requirements = types[service.type]?.configuration.requirements else { return [] }
                let types = requirements.types.filter { !present.contains($0) }.map { type in
                    Contradiction(
                        "the service \(service.name) needs a service of type \(type), and there is none",
                        at: requirements.position, of: [.init(.service, service.name)])
                }
                guard let server = servers[service.server] else { return types }
                let missing = requirements.labels.filter { !server.labels.contains($0) }
                guard !missing.isEmpty else { return types }
                let labels = (missing.count == 1 ? "label " : "labels ") + missing.joined(separator: ", ")
                return types + [
                    Contradiction(
                        "the service \(service.name) needs a server with the \(labels); \(server.name) has "
                            + (server.labels.isEmpty ? "none" : server.labels.joined(separator: ", ")),
                        at: requirements.position,
                        of: [.init(.service, service.name, .server), .init(.server, server.name, .labels)])
                ]
            }
    }

    /// The requirements that are newly violated. A service whose requirements were already violated may stay.
    func newRequirementContradictions(since before: Cloud) -> [Contradiction] {
        let now = requirementContradictions()
        guard !now.isEmpty else { return [] }
        let known = Set(before.requirementContradictions().map(\.message))
        return now.filter { !known.contains($0.message) }
    }
}
