import AdminAPI
import AdminClient
import Text

/// The links of masters beside the rows of services: all, or only those that are not as they should be.
struct LinkDirectory {
    private let links: [ExactText: LinkResource]
    private let showsAll: Bool

    /// - Parameter showsAll: whether those that are connected are asked for, too.
    init(_ client: AdminResources, type: String?, server: String?, showsAll: Bool) async throws {
        let states: [LinkResource.State?] = showsAll ? [nil] : [.suspect, .lost]
        var links: [LinkResource] = []
        for state in states {
            let query = [
                (QueryParameter.type, type), (QueryParameter.server, server), (QueryParameter.state, state?.rawValue),
            ].compactMap { name, value in value.map { (name, $0) } }
            do {
                links += try await client.value(AdminRequest(.get, .links, query: query))
            } catch let error as CommandError where error.status == 404 {
                // An older ADMIN knows of no links.
            }
        }
        self.init(links, showsAll: showsAll)
    }

    init(_ links: [LinkResource], showsAll: Bool) {
        self.links = Dictionary(links.map { (ExactText($0.service), $0) }) { one, _ in one }
        self.showsAll = showsAll
    }

    /// Whether a table of these services has a column for the links.
    func isShown(for services: [ServiceResource]) -> Bool {
        showsAll || services.contains { links[ExactText($0.name)] != nil }
    }

    /// `connected`, `lost since 2027-01-15T08:00:00.000Z`; `-`: nothing was heard of a master since ADMIN started, or, where
    /// only others are asked for, it is connected.
    func text(of service: ServiceResource) -> String {
        links[ExactText(service.name)].map { LinksText.state($0) } ?? "-"
    }
}
