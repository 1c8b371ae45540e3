import AdminAPI
import AdminClient

/// The health of real servers, which lists show beside their rows. It is sent again only when it has changed.
actor HealthDirectory {
    private let client: AdminResources
    private let query: [(String, String)]
    private var tag: String?
    private var overview: HealthOverview?

    /// What is `nil` lets everything through.
    init(_ client: AdminResources, location: String? = nil, type: String? = nil, service: String? = nil) {
        self.client = client
        query = [
            (QueryParameter.location, location), (QueryParameter.type, type), (QueryParameter.service, service),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    /// The health now; `nil`: an older ADMIN does not tell it.
    func now() async throws -> HealthOverview? {
        var request = AdminRequest(.get, .health, query: query)
        request.known = tag.map { [$0] } ?? []
        let answer: AdminAnswer
        do {
            answer = try await client.send(request)
        } catch let error as CommandError where error.status == 404 {
            return nil
        }
        guard !answer.isUnchanged else { return overview }
        overview = try client.value(of: answer, to: request)
        tag = answer.eTag
        return overview
    }
}
