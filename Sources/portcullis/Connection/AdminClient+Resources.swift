import AdminAPI
import Foundation

extension AdminClient {
    func locations() async throws -> [LocationResource] { try await value(AdminRequest(.get, ["v1", "locations"])) }

    func pools(of location: String) async throws -> [PoolResource] {
        try await value(AdminRequest(.get, ["v1", "locations", location, "pools"]))
    }

    func servers() async throws -> [ServerResource] { try await value(AdminRequest(.get, ["v1", "servers"])) }

    func server(_ name: String) async throws -> ServerResource {
        try await value(AdminRequest(.get, ["v1", "servers", name]))
    }

    func types() async throws -> [TypeSummary] { try await value(AdminRequest(.get, ["v1", "types"])) }

    /// A type as it is now, or as it was at a revision.
    func type(_ name: String, revision: Int? = nil) async throws -> TypeResource {
        let query = revision.map { [("revision", "\($0)")] } ?? []
        return try await value(AdminRequest(.get, ["v1", "types", name], query: query))
    }

    /// Every revision of a type, the newest first.
    func revisions(of type: String) async throws -> [TypeSummary] {
        try await value(AdminRequest(.get, ["v1", "types", type, "revisions"]))
    }

    /// All services, by type and index.
    func services() async throws -> [ServiceResource] {
        let services: [ServiceResource] = try await value(AdminRequest(.get, ["v1", "services"]))
        return services.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
    }

    func service(_ name: String) async throws -> ServiceResource {
        try await value(AdminRequest(.get, ["v1", "services", name]))
    }

    /// The configuration of a service: YAML text, or JSON as it came.
    func configuration(of service: String, as mediaType: String) async throws -> Data {
        var request = AdminRequest(.get, ["v1", "services", service, "config"])
        request.accept = mediaType
        return try await send(request).data
    }

    /// Where the values of a service's configuration come from.
    func explanation(of service: String) async throws -> ConfigurationExplanation {
        try await value(AdminRequest(.get, ["v1", "services", service, "config"], query: [("explain", "true")]))
    }

    func secrets() async throws -> [SecretResource] { try await value(AdminRequest(.get, ["v1", "secrets"])) }

    func tokens() async throws -> [TokenResource] { try await value(AdminRequest(.get, ["v1", "tokens"])) }

    func gateways() async throws -> [GatewayResource] { try await value(AdminRequest(.get, ["v1", "gateways"])) }

    func marks() async throws -> [MarkResource] { try await value(AdminRequest(.get, ["v1", "marks"])) }

    /// The oldest events after one.
    func events(after id: Int, limit: Int) async throws -> EventPage {
        try await value(AdminRequest(.get, ["v1", "events"], query: [("after", "\(id)"), ("limit", "\(limit)")]))
    }

    /// The newest events between two, oldest first.
    func events(after id: Int, before end: Int, limit: Int) async throws -> [EventResource] {
        let query = [("after", "\(id)"), ("before", "\(end)"), ("limit", "\(limit)")]
        let page: EventPage = try await value(AdminRequest(.get, ["v1", "events"], query: query))
        return page.events
    }

    /// The bytes of a location's `services.csv`.
    func export(of location: String) async throws -> Data {
        var request = AdminRequest(.get, ["v1", "locations", location, "services.csv"])
        request.accept = "text/csv"
        return try await send(request).data
    }
}
