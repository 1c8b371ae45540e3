import AdminAPI
import AdminClient

/// Which events are asked for. What is `nil` lets every event through.
struct EventQuery: Sendable, Hashable {
    var kind: ResourceKind?
    var name: String?
    var actor: String?
    /// RFC 3339.
    var since: String?
    var until: String?

    /// The request for the oldest events after a number, or the newest between two.
    func request(after id: Int, before end: Int? = nil, limit: Int) -> AdminRequest {
        let query: [(String, String?)] = [
            (QueryParameter.after, "\(id)"), (QueryParameter.before, end.map { "\($0)" }),
            (QueryParameter.limit, "\(limit)"), (QueryParameter.kind, kind?.rawValue), (QueryParameter.name, name),
            (QueryParameter.actor, actor), (QueryParameter.since, since), (QueryParameter.until, until),
        ]
        return AdminRequest(
            .get, .events, query: query.compactMap { name, value in value.map { (name, $0) } })
    }
}
