import NetworkTypes
import Text

/// Rules that involve several rows: every address, protocol and port is claimed once, the rows of a mark agree, and
/// every inside network leaves by one rule.
struct ServicesCheck {
    let groups: [ExportGroup]
    let changes: ExportChanges
    let finder: LineFinder

    func run() throws(ServicesCSVError) {
        guard !changes.isEmpty else { return }
        try checkMarks()
        if let egress = changes.egress { try checkEgress(egress) }
        // Claims depend only on the connections. If only servers changed, the claims are the same.
        let known = Set(changes.removed.map(\.key))
        if changes.added.contains(where: { !known.contains($0.key) }) { try checkClaims() }
    }

    private struct MarkKey: Hashable {
        let family: AddressFamily
        let mark: UInt32
    }

    private func checkMarks() throws(ServicesCSVError) {
        var changed = Set<MarkKey>()
        for group in changes.added + changes.removed {
            guard let mark = group.connection.mark else { continue }
            changed.insert(MarkKey(family: group.connection.family, mark: mark))
        }
        guard !changed.isEmpty else { return }
        var firsts = [MarkKey: ExportGroup]()
        for group in groups {
            guard let mark = group.connection.mark else { continue }
            let key = MarkKey(family: group.connection.family, mark: mark)
            guard changed.contains(key) else { continue }
            guard let first = firsts[key] else {
                firsts[key] = group
                continue
            }
            try checkAgreement(first, group, mark: mark)
        }
    }

    /// Checks that the rows of a mark agree in everything except service, protocol, backend and weight, and have the
    /// same servers.
    private func checkAgreement(
        _ first: ExportGroup, _ second: ExportGroup, mark: UInt32
    ) throws(ServicesCSVError) {
        if let column = second.connection.firstDifference(from: first.connection, ignoringTransport: true) {
            throw disagreement(first, second, column, "rows of mark \(mark) must agree")
        }
        guard !first.hasSameServers(as: second) else { return }
        for (one, other) in [(first, second), (second, first)] {
            // With a mark, servers have no ports, so the address identifies a server.
            let weights = Dictionary(other.servers.map { ($0.address, $0.weight) }) { first, _ in first }
            for server in one.servers where weights[server.address] != server.weight {
                guard let line = finder.lines(of: one.key, server: server).first else { continue }
                guard let weight = weights[server.address] else {
                    throw line.error(
                        .backendAddress,
                        "\(server.address) serves mark \(mark) by \(one.connection.transport) "
                            + "but not by \(other.connection.transport)")
                }
                throw line.error(
                    .weight,
                    "\(server.weight) by \(one.connection.transport) but \(weight) by "
                        + "\(other.connection.transport): one server of mark \(mark) has one weight")
            }
        }
        throw disagreement(first, second, .backendAddress, "rows of mark \(mark) have the same servers")
    }

    private func checkEgress(_ rules: [EgressRule]) throws(ServicesCSVError) {
        if Set(rules.map(\.name)).count > EgressRule.maximumRules {
            throw ServicesCSVError(
                line: finder.line(of: rules[rules.count - 1]), column: 1, cell: .section,
                message: "there are more than \(EgressRule.maximumRules) egress rules")
        }
        var elements = 0
        for rule in rules {
            elements += rule.elementCount
            guard elements > EgressRule.maximumElements else { continue }
            throw ServicesCSVError(
                line: finder.line(of: rule), column: 1, cell: .sources,
                message:
                    "with egress \(rule.name) there are more than \(EgressRule.maximumElements) elements: the networks "
                    + "of each rule times one, its addresses and its exceptions")
        }
        for (first, second) in zip(rules, rules.dropFirst())
        where first.name == second.name && first.family == second.family {
            throw ServicesCSVError(
                line: finder.line(of: second), column: 1, cell: .section,
                message: "egress \(second.name) stands twice for \(second.family)")
        }
        let claims = rules.flatMap { rule in rule.sources.map { (source: $0, rule: rule) } }
            .sorted { $0.source < $1.source }
        for (first, second) in zip(claims, claims.dropFirst())
        where first.source.contains(second.source.address) || first.source == second.source {
            let line = finder.line(of: second.rule)
            throw ServicesCSVError(
                line: line, column: 1, cell: .sources,
                message: "\(second.source) of egress \(second.rule.name) overlaps \(first.source) of \(first.rule.name)"
            )
        }
    }

    private struct Claim {
        let address: IPAddress
        let transport: TransportProtocol
        let ports: PortRange
        let group: Int

        static func precedes(_ a: Self, _ b: Self) -> Bool {
            if a.address != b.address { return a.address < b.address }
            if a.transport != b.transport { return a.transport < b.transport }
            if a.ports != b.ports { return a.ports < b.ports }
            return a.group < b.group
        }
    }

    private func checkClaims() throws(ServicesCSVError) {
        var claims = [Claim]()
        claims.reserveCapacity(groups.count)
        for (index, group) in groups.enumerated() {
            let connection = group.connection
            for address in connection.addresses {
                for ports in connection.ports {
                    claims.append(
                        Claim(address: address, transport: connection.transport, ports: ports, group: index))
                }
            }
        }
        claims.sort(by: Claim.precedes)
        for index in claims.indices.dropFirst() {
            let (first, second) = (claims[index - 1], claims[index])
            guard first.address == second.address, first.transport == second.transport,
                first.ports.overlaps(second.ports)
            else { continue }
            throw overlap(first, second)
        }
    }

    private func overlap(_ first: Claim, _ second: Claim) -> ServicesCSVError {
        let (one, other) = (groups[first.group], groups[second.group])
        if one.connection.section == other.connection.section,
            one.connection.addresses == other.connection.addresses, one.connection.ports == other.connection.ports,
            let column = other.connection.firstDifference(from: one.connection, ignoringTransport: false)
        {
            return disagreement(one, other, column, "rows of one virtual service must agree")
        }
        let lines = [one, other].compactMap { finder.lines(of: $0.key).first }
            .sorted { $0.number < $1.number }
        guard lines.count == 2 else {
            return ServicesCSVError(line: 1, column: 1, message: "\(first.address) is claimed twice")
        }
        return lines[1].error(
            .ports,
            "\(second.address) \(second.transport) \(lines[1].record.text(.ports)) overlaps "
                + "\(lines[0].record.text(.ports)) in line \(lines[0].number) "
                + "(\(lines[0].record.text(.service))/\(lines[0].record.text(.section)))")
    }

    private func disagreement(
        _ first: ExportGroup, _ second: ExportGroup, _ column: ServicesCSV.Column, _ rule: String
    ) -> ServicesCSVError {
        let lines = [first, second].compactMap { finder.lines(of: $0.key).first }
            .sorted { $0.number < $1.number }
        guard lines.count == 2 else { return ServicesCSVError(line: 1, column: 1, cell: column, message: rule) }
        return lines[1].error(
            column,
            "\(lines[1].record.text(column).printed()) differs from \(lines[0].record.text(column).printed()) "
                + "in line \(lines[0].number): \(rule)")
    }
}

extension ExportGroup {
    fileprivate func hasSameServers(as other: ExportGroup) -> Bool {
        servers.elementsEqual(other.servers) { $0.isSameEndpoint(as: $1) && $0.weight == $1.weight }
    }
}
