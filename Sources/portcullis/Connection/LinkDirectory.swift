import AdminAPI
import AdminClient
import Text

/// The links of masters beside the rows of services: all, or only those that are not as they should be.
struct LinkDirectory {
    private let links: [ExactText: LinkResource]
    private let showsAll: Bool

    /// - Parameter showsAll: whether those that are connected are asked for, too.
    init(_ client: AdminResources, type: String?, server: String?, showsAll: Bool) async throws {
        let choices: [(String, String?)] =
            showsAll
            ? [(QueryParameter.state, nil)]
            : [LinkResource.State.suspect, .lost].map { (QueryParameter.state, $0.rawValue) }
                + [(QueryParameter.configuration, LinkResource.ConfigurationState.unused.rawValue)]
        var links: [LinkResource] = []
        for choice in choices {
            let query = [(QueryParameter.type, type), (QueryParameter.server, server), choice]
                .compactMap { name, value in value.map { (name, $0) } }
            do {
                links += try await client.value(AdminRequest(.get, .links, query: query))
            } catch let error as CommandError where error.status == 404 || error.status == 400 {
                // An older ADMIN knows of no links, or not of this filter.
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

    /// `connected`, `lost since 2027-01-15T08:00:00.000Z`, `connected, configuration not in use`; `-`: nothing was heard of a master since ADMIN started, or, where
    /// only others are asked for, it is connected.
    func text(of service: ServiceResource) -> String {
        links[ExactText(service.name)].map { link in
            LinksText.state(link) + (link.configurationState == .unused ? ", configuration not in use" : "")
        } ?? "-"
    }
}
