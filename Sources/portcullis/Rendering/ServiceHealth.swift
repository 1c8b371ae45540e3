import AdminAPI
import CommandLineSupport
import JSON
import Names
import Text

/// What the gateways of a service's location make of it.
enum HealthVerdict: String, CaseIterable {
    case up, down, unknown
}

/// The health of services, from what gateways have reported. A gateway counts whose verdicts are in force, and that has a
/// verdict on any server: one that has just started says nothing yet.
struct ServiceHealth {
    private let checked: [ExactText: [String]]
    private let gateways: [ExactText: [HealthOverview.Gateway]]
    private let down: [ExactText: [HealthOverview.Down]]
    private let isCut: Bool

    init(_ overview: HealthOverview) {
        checked = Dictionary(grouping: overview.sections) { ExactText($0.type) }.mapValues { $0.map(\.section) }
        gateways = Dictionary(grouping: overview.gateways) { ExactText($0.location) }
        down = Dictionary(grouping: overview.down) { ExactText($0.service) }
        isCut = overview.down.count < overview.downCount
    }

    /// What is said of a service, and the gateways that say that it is down; `nil`: it is not checked.
    func verdict(of service: ServiceResource, at location: String) -> (verdict: HealthVerdict, gateways: [String])? {
        guard checked[ExactText(service.type)] != nil, service.effectiveState.state != .maint else { return nil }
        let names = down(service, at: location).map(\.gateway)
        if !names.isEmpty { return (.down, Set(names.map { ExactText($0) }).sorted().map(\.wrappedValue)) }
        let counting = (gateways[ExactText(location)] ?? []).filter(\.tellsVerdicts)
        return (counting.isEmpty || isCut || counting.contains(where: \.isCut) ? .unknown : .up, [])
    }

    /// `up`, `down (gw1, gw2)`, `unknown`; `-` for a service that is not checked.
    func text(of service: ServiceResource, at location: String) -> String {
        guard let (verdict, gateways) = verdict(of: service, at: location) else { return "-" }
        return gateways.isEmpty ? verdict.rawValue : "\(verdict.rawValue) (\(gateways.joined(atMost: 4)))"
    }

    private func down(_ service: ServiceResource, at location: String) -> [HealthOverview.Down] {
        (down[ExactText(service.name)] ?? []).filter { $0.location.isExactly(location) }
    }

    /// What one gateway says of one section of a service.
    struct Row {
        let section: String
        let gateway: String
        let verdict: HealthVerdict
        /// Where it is down.
        let down: HealthOverview.Down?
    }

    /// What each gateway says of each section of a service that is checked; empty where it is not checked.
    func rows(of service: ServiceResource, at location: String) -> [Row] {
        guard verdict(of: service, at: location) != nil else { return [] }
        let down = down(service, at: location)
        return (checked[ExactText(service.type)] ?? []).flatMap { section in
            (gateways[ExactText(location)] ?? []).map { gateway in
                let found = down.first { $0.section.isExactly(section) && $0.gateway.isExactly(gateway.name) }
                let verdict: HealthVerdict =
                    found != nil ? .down : gateway.tellsVerdicts && !gateway.isCut && !isCut ? .up : .unknown
                return Row(section: section, gateway: gateway.name, verdict: verdict, down: found)
            }
        }
    }

    static func table(_ rows: [Row]) -> Table {
        Table(
            ["SECTION", "GATEWAY", "HEALTH", "SINCE", "LAST FAILURE"],
            rows.map { row in
                [row.section, row.gateway, row.verdict.rawValue, row.down?.since ?? ""]
                    + [row.down.map { "\($0.reason) (\($0.target))" } ?? ""]
            })
    }

    static func json(_ rows: [Row]) -> JSONValue {
        .array(
            rows.map { row in
                var members: [JSONValue.Member] = [
                    .init(name: "section", value: .string(row.section)),
                    .init(name: "gateway", value: .string(row.gateway)),
                    .init(name: "health", value: .string(row.verdict.rawValue)),
                ]
                if let down = row.down {
                    members += [
                        .init(name: "target", value: .string(down.target)),
                        .init(name: "since", value: .string(down.since)),
                        .init(name: "reason", value: .string(down.reason)),
                    ]
                }
                return .object(members)
            })
    }
}

extension HealthOverview.Gateway {
    /// Whether a service that it does not say is down can be taken to be up there.
    fileprivate var tellsVerdicts: Bool { isInForce && unknown < targets }

    /// What an operator should know of its checks: that they do not count, or that weights hold; `nil`: nothing.
    var note: String? {
        guard targets > 0, !isSilent else { return nil }
        if !isInForce {
            return "verdicts of \(name) of \(location) do not count: no prober; servers count as ADMIN says"
        }
        return holdsUntil.map {
            "weights hold at \(name) of \(location) until \($0): too many servers failed at once, \(downCount) are down"
        }
    }
}
