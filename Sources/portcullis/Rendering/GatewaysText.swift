import AdminAPI
import CommandLineSupport
import Text

/// The gateways for people: a table, followed by a line for each export that is held back.
enum GatewaysText {
    static func text(_ gateways: [GatewayResource]) -> String {
        let notes = notes(gateways)
        return table(gateways).text + (notes.isEmpty ? "" : "\n\n" + notes)
    }

    /// A line for each export that is held back, and for what is wrong with the checks of a gateway; empty if there is
    /// none.
    static func notes(_ gateways: [GatewayResource], _ health: HealthOverview? = nil) -> String {
        let shown = Set(gateways.map { [ExactText($0.location), ExactText($0.name)] })
        let checks = (health?.gateways ?? []).filter { shown.contains([ExactText($0.location), ExactText($0.name)]) }
        return (gateways.compactMap(note) + checks.compactMap { $0.note?.printable }).joined(separator: "\n")
    }

    /// A gateway as in the list, then what it has reported, a line each.
    static func text(_ detail: GatewayDetail) -> String {
        let table = text([detail.gateway])
        guard let report = detail.report else {
            return table
                + "\n\nno report: the gateway made none since ADMIN started, or is of a version that makes none"
        }
        var lines = [
            "portcullis-gateway \(report.program), \(report.state.rawValue), reported \(detail.reportedAt ?? "")"
        ]
        lines += report.drains.sorted { $0.key < $1.key }.map { server, drain in
            let left = drain.connections.map { "\(ConnectionsText.text($0)), " } ?? ""
            return "draining  \(server), \(left)until \(drain.until) at the latest"
        }
        if report.drainCount > report.drains.count {
            lines.append("draining  \(report.drainCount - report.drains.count) more")
        }
        lines += (report.draining?.connections ?? [:]).sorted { $0.key < $1.key }.map { instance, count in
            "weight 0  \(instance), \(ConnectionsText.text(count))"
        }
        lines += report.health.map(self.lines) ?? []
        lines += report.refusals.sorted { $0.key < $1.key }.map { error, refusal in
            "refused   \(error); \(refusal.attempts) tries since \(refusal.since)"
        }
        lines += report.problems.map { "problem   \($0)" }
        return ([table, ""] + lines.map(\.printable)).joined(separator: "\n")
    }

    /// What a gateway says of its checks, a line each.
    private static func lines(_ health: GatewayReport.Health) -> [String] {
        var first = "health    \(health.targets) servers are checked, \(health.downCount) down"
        if health.unknown > 0 { first += ", \(health.unknown) without a verdict yet" }
        if !health.isInForce { first += "; verdicts do not count: no prober" }
        var lines = [first]
        if let end = health.holdsUntil {
            lines.append("health    weights hold until \(end): too many servers failed at once")
        }
        lines += health.down.sorted { $0.key < $1.key }.map { instance, down in
            "down      \(instance), \(down.reason) (\(down.target)), since \(down.since)"
        }
        if health.isCut {
            lines.append("down      \(health.downInstances - health.down.count) more that the report leaves out")
        }
        return lines
    }

    static func table(_ gateways: [GatewayResource], isWide: Bool) -> Table {
        let table = table(gateways)
        guard isWide else { return table }
        return Table(
            table.columns + ["CURRENT", .init("VERSION", .right), "POLLED AT"],
            zip(table.rows, gateways).map { row, gateway in
                row + [gateway.current.map(shortTag) ?? "", "\(gateway.exportVersion)", gateway.lastPoll]
            })
    }

    static func table(_ gateways: [GatewayResource]) -> Table {
        Table(
            [
                "GATEWAY", "LOCATION", "ROLE", .init("EXPORT", isState: true), "APPLIED", "SINCE",
                .init("FAILURES", .right),
                .init("LAST POLL", .right),
            ],
            gateways.map { gateway in
                [
                    gateway.name, gateway.location, gateway.role?.rawValue ?? "", exportState(gateway),
                    gateway.applied.map(shortTag) ?? "", gateway.since, gateway.failures.map { "\($0)" } ?? "-",
                    ResourceTables.duration(gateway.age) + " ago",
                ]
            })
    }

    private static func exportState(_ gateway: GatewayResource) -> String {
        switch gateway.held?.decision {
        case .pending?: return "HELD BACK"
        case .rejected?: return "REJECTED"
        case nil: break
        }
        if let needed = gateway.neededVersion { return "NEEDS VERSION \(needed)" }
        if gateway.inSync { return "in sync" }
        if gateway.current == nil { return "location gone" }
        return gateway.applied == nil ? "not applied" : "behind"
    }

    /// `gw2 of tcn holds back 0123456789ab since …: 12 of 20 virtual services would go`, and what to do about it.
    private static func note(_ gateway: GatewayResource) -> String? {
        if let needed = gateway.neededVersion {
            return "\(gateway.name) of \(gateway.location) reads version \(gateway.exportVersion) of the export, which "
                + "needs version \(needed): it stays with what it has until it is upgraded"
        }
        guard let held = gateway.held else { return nil }
        let what = "\(shortTag(held.etag)) since \(held.since)" + (held.reason.map { ": \($0)" } ?? "")
        switch held.decision {
        case .pending:
            return "\(gateway.name) of \(gateway.location) holds back \(what)".printable
                + "\n  on it, portcullis-gateway accept \(shortTag(held.etag)) lets that export through"
        case .rejected:
            return "\(gateway.name) of \(gateway.location) has rejected \(what)".printable
        }
    }

    /// The first digits of an ETag, enough to distinguish exports.
    private static func shortTag(_ tag: String) -> String { String(tag.replacingByte("\"", with: "").prefix(12)) }
}
