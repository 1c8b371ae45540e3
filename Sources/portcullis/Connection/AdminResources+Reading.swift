import AdminAPI
import AdminClient
import ServicesExport

extension AdminResources {
    /// The whole registry at one moment.
    func cloud() async throws -> ApplyRequest { try await value(AdminRequest(.get, .cloud)) }

    func locations() async throws -> [LocationResource] { try await value(AdminRequest(.get, .locations)) }

    func pools(of location: String) async throws -> [PoolResource] {
        try await value(AdminRequest(.get, .pools(of: location)))
    }

    func egress(of location: String) async throws -> [EgressResource] {
        try await value(AdminRequest(.get, .egress(of: location)))
    }

    func servers() async throws -> [ServerResource] { try await value(AdminRequest(.get, .servers)) }

    func server(_ name: String) async throws -> ServerResource {
        try await value(AdminRequest(.get, .server(name)))
    }

    func types() async throws -> [TypeSummary] { try await value(AdminRequest(.get, .types)) }

    /// A type as it is now, or at a revision.
    func type(_ name: String, revision: Int? = nil) async throws -> TypeResource {
        let query = revision.map { [(QueryParameter.revision, "\($0)")] } ?? []
        return try await value(AdminRequest(.get, .type(name), query: query))
    }

    /// Every revision of a type, the newest first.
    func revisions(of type: String) async throws -> [TypeSummary] {
        try await value(AdminRequest(.get, .revisions(of: type)))
    }

    /// All services, by type and index.
    func services() async throws -> [ServiceResource] {
        let services: [ServiceResource] = try await value(AdminRequest(.get, .services))
        return services.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
    }

    func service(_ name: String) async throws -> ServiceResource {
        try await value(AdminRequest(.get, .service(name)))
    }

    /// The configuration of a service, YAML text.
    func configuration(of service: String) async throws -> [UInt8] {
        var request = AdminRequest(.get, .configuration(of: service))
        request.accept = MediaType.yaml
        return try await content(MediaType.yaml, request)
    }

    /// The configuration of a service, JSON.
    func configurationJSON(of service: String) async throws -> String {
        var request = AdminRequest(.get, .configuration(of: service))
        request.accept = MediaType.json
        return try await indentedJSON(request)
    }

    /// The origin of each value in a service's configuration.
    func explanation(of service: String) async throws -> ConfigurationExplanation {
        try await value(AdminRequest(.get, .configuration(of: service), query: [(QueryParameter.explain, "true")]))
    }

    func secrets() async throws -> [SecretResource] { try await value(AdminRequest(.get, .secrets)) }

    func usage(ofSecret name: String) async throws -> [SecretUsage] {
        try await value(AdminRequest(.get, .usage(ofSecret: name)))
    }

    func configurations() async throws -> [ConfigurationUsage] {
        try await value(AdminRequest(.get, .configurations))
    }

    func tokens() async throws -> [TokenResource] { try await value(AdminRequest(.get, .tokens)) }

    func gateways() async throws -> [GatewayResource] { try await value(AdminRequest(.get, .gateways)) }

    func marks() async throws -> [MarkResource] { try await value(AdminRequest(.get, .marks)) }

    /// The newest events between two numbers, oldest first.
    func events(
        _ filter: EventQuery = EventQuery(), after id: Int, before end: Int, limit: Int
    ) async throws -> [EventResource] {
        let page: EventPage = try await value(filter.request(after: id, before: end, limit: limit))
        return page.events
    }

    /// What the gateways of a location have confirmed, with the connections of instances at weight 0.
    func confirmation(at location: String) async throws -> Confirmation {
        try await value(
            AdminRequest(.get, .confirmation(at: location), query: [(QueryParameter.connections, "true")]))
    }

    /// A gateway with its report.
    func gateway(_ name: String, of location: String) async throws -> GatewayDetail {
        try await value(AdminRequest(.get, .gateway(name, of: location)))
    }

    /// The bytes of a location's `services.csv`.
    func export(of location: String) async throws -> [UInt8] {
        var request = AdminRequest(.get, .export(of: location))
        request.accept = ServicesCSV.Version.acceptsAll
        return try await content(ServicesCSV.Version.mediaType, request)
    }
}
