package import AdminAPI
import Cloud
import Text

/// The export of a gateway's location as it was when the gateway's request came.
package struct ExportInForce: Sendable, Hashable {
    /// The generation that has made it.
    package var since: Int
    /// Its ETag in the version that the gateway reads; `nil`: there is none in that version.
    package var tag: String?

    package init(since: Int, tag: String?) {
        self.since = since
        self.tag = tag
    }
}

extension GatewayRoster {
    /// What the gateways of a location have to say about a change, and the tag by which `Registry.confirmations` tells
    /// when that may differ. Costs a look at each gateway of the location.
    ///
    /// - Parameters:
    ///   - generation: the generation of the change.
    ///   - isCounting: whether the connections of instances at weight 0 are part of it.
    package func confirmation(
        of generation: Int, at location: String, in state: RegistryState, isCounting: Bool
    ) async throws -> (confirmation: Confirmation, seen: String) {
        await load()
        // Read before the gateways: what changes afterwards wakes.
        let seen = await registry.confirmations.tag(of: location)
        guard let export = state.exports.byLocation[location] else {
            throw ChangeError.missing("location \(location.shownName())")
        }
        let since = export.since(at: generation)
        let gateways = known(at: location).map { id, gateway -> Confirmation.Gateway in
            var answer = Confirmation.Gateway(name: id.name, standing: gateway.standing(since: since))
            if answer.standing == .held { answer.reason = gateway.heartbeat.held?.reason }
            guard isCounting else { return answer }
            let counted = counted(id, gateway, of: export)
            answer.connections = counted.reduce(into: [:]) { counts, entry in
                if let count = entry.count { counts[ExactText(entry.name)] = count }
            }
            answer.uncounted = counted.filter { $0.count == nil }.map(\.name)
            return answer
        }
        return (
            Confirmation(
                location: location, generation: generation,
                isConfirmed: gateways.allSatisfy { $0.standing == .confirmed }, gateways: gateways), seen
        )
    }

    /// The connections of real servers at a server's addresses that have left the export, by the gateways of a location,
    /// as each has told since it confirmed the export in force. One that has not told, or not of all, is not among them.
    /// Costs a look at each gateway of the location, and at the servers that leave there.
    func connectionsLeft(at server: Server, in state: RegistryState) async -> [String: Int] {
        await load()
        guard let export = state.exports.byLocation[server.location] else { return [:] }
        let addresses = server.addresses.map { "\($0)" }
        return known(at: server.location).reduce(into: [:]) { counts, entry in
            guard let report = report(of: entry.id), let confirmed = entry.gateway.confirmed,
                confirmed.since == export.since, let previous = report.previous, previous > confirmed.at
            else { return }
            counts[entry.id.name] = report.report.connectionsLeft(at: addresses)
        }
    }

    /// The connections of each instance that the export has at weight 0, as the gateway has counted them since it
    /// confirmed that very export; `nil`: it has not.
    private func counted(
        _ id: GatewayID, _ gateway: KnownGateway, of export: LocationExport
    ) -> [(name: String, count: Int?)] {
        guard let report = report(of: id), let confirmed = gateway.confirmed, confirmed.since == export.since,
            report.uptime > confirmed.at, let draining = report.report.draining,
            gateway.heartbeat.applied.map(draining.export.isExactly) == true
        else { return export.withoutWeight.map { ($0, nil) } }
        return export.withoutWeight.map { ($0, draining.count(of: $0)) }
    }
}
