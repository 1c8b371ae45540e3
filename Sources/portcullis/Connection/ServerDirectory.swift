import AdminAPI
import AdminClient

/// The servers, which tables of services need for their locations. They are sent again only when they have changed.
actor ServerDirectory {
    private let client: AdminResources
    private var tag: String?
    private var servers: [String: ServerResource] = [:]

    init(_ client: AdminResources) { self.client = client }

    /// The servers by name.
    func byName() async throws -> [String: ServerResource] {
        var request = AdminRequest(.get, .servers)
        request.known = tag.map { [$0] } ?? []
        let answer = try await client.send(request)
        guard !answer.isUnchanged else { return servers }
        let list: [ServerResource] = try client.value(of: answer, to: request)
        servers = Dictionary(list.map { ($0.name, $0) }) { first, _ in first }
        tag = answer.eTag
        return servers
    }
}
