/// What is heard of the nodes of servers at one moment. Servers without a node are not among them.
package struct NodeSilences: Sendable {
    /// The node of one server.
    package struct Node: Sendable, Hashable {
        /// Whole seconds without a sign of life, also in answer to ADMIN; counted from ADMIN's own start at the earliest.
        package var silence: Int
        /// The same, also for the time in which ADMIN stood still and could hear nobody.
        package var silenceInAll: Int
        /// Whether it was heard of since ADMIN's start.
        package var isHeard: Bool
        /// The leases that surely bind its services, in seconds, by service.
        package var leases: [String: Int]

        package init(silence: Int, inAll: Int? = nil, isHeard: Bool = true, leases: [String: Int] = [:]) {
            self.silence = silence
            silenceInAll = inAll ?? silence
            self.isHeard = isHeard
            self.leases = leases
        }
    }

    package var nodes: [String: Node]
    /// Percent of a location's servers: when more are silent at once, nothing moves.
    package var share: Int
    /// RFC 3339 in UTC.
    package var time: String

    package init(_ nodes: [String: Node], share: Int, time: String) {
        self.nodes = nodes
        self.share = share
        self.time = time
    }

    /// Seconds after which a node that is silent counts as silent together with another, which is lost after `limit`.
    package static func suspicion(within limit: Int) -> Int { min(15, limit / 2) }
    /// Seconds after its loss for which a server counts as lost together with another.
    package static let window = 300
    /// Seconds after a move from a lost server has failed until it is tried again.
    package static let patience = 60
    /// Who moves services of lost servers.
    package static let author = "server-watch"
    /// Seconds more that a node has which was not heard of since ADMIN's start.
    package static let margin = 30
    /// Seconds after the end of a lease until a service starts elsewhere.
    package static let leaseMargin = 5
}
