import AdminAPI
import JSON
import Text

/// The connections that an instance at weight 0 still has at each gateway.
struct DrainingConnections {
    /// By gateway, in order; `nil`: the gateway has not counted them since it confirmed the export.
    private let counts: [(gateway: String, count: Int?)]

    init(of service: String, _ confirmation: Confirmation) {
        counts = confirmation.gateways.map { ($0.name, $0.connections?[ExactText(service)]) }
    }

    var json: JSONValue {
        .object(counts.map { JSONValue.Member(name: $0.gateway, value: $0.count.map { .integer($0) } ?? .null) })
    }

    /// `12 (gw1 10, gw2 2)`, `12 (gw1 12, gw2 not counted yet)`
    var text: String {
        guard !counts.isEmpty else { return "no gateway counts them" }
        let list = counts.map { "\($0.gateway) \($0.count.map { "\($0)" } ?? "not counted yet")" }
        return "\(counts.reduce(0) { $0 + ($1.count ?? 0) }) (\(list.joined(separator: ", ")))"
    }
}
