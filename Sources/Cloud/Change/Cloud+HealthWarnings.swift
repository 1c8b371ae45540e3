import NetworkTypes
import Text

extension Cloud {
    /// What may surprise in the health and limits of a section, at each location that serves it. Cost: walks
    /// over all services if a type with a minimum or a sorry server is among those that changed, or a service did.
    func healthWarnings(about difference: CloudDifference, changedTypes: Set<String>) -> [Contradiction] {
        let changedServices = difference.changes.filter { $0.kind == .service }
        let changed = changedTypes.union(changedServices.map { Self.type(ofService: $0.name) })
        let concerned = changed.sorted().compactMap { types[$0] }.filter { type in
            type.configuration.gateway.contains { $0.options.minimum > 0 || !$0.options.sorry.isEmpty }
        }
        guard !concerned.isEmpty else { return [] }
        var counts: [String: [String: Int]] = [:]
        for service in services.values {
            guard let location = servers[service.server]?.location else { continue }
            counts[service.type, default: [:]][location, default: 0] += 1
        }
        return concerned.flatMap { type in
            type.configuration.gateway.flatMap { section -> [Contradiction] in
                section.minimumWarnings(of: type.name, counts[type.name] ?? [:])
                    + (changedTypes.contains(type.name) ? sorryWarnings(about: section, of: type.name) : [])
            }
        }
    }

    /// `pgw` for `pgw.1`.
    private static func type(ofService name: String) -> String {
        name.lastByte(".").map { String(name[..<$0]) } ?? name
    }

    private func sorryWarnings(about section: GatewaySection, of type: String) -> [Contradiction] {
        guard !section.options.sorry.isEmpty else { return [] }
        var found: [Contradiction] = []
        if section.options.minimum > 0 {
            found.append(
                Contradiction(
                    "\(type)/\(section.name) has a minimum and a sorry server: the minimum keeps an instance whatever the "
                        + "checks say, so the sorry server gets connections only while every instance is drained",
                    at: section.position))
        }
        let pools = pools.values.filter { $0.id.name == section.pool }
        let families = Set(pools.flatMap { section.families(of: $0) })
        for family in families.sorted(by: { $0.bitWidth < $1.bitWidth }) where section.sorryServer(on: family) == nil {
            found.append(
                Contradiction(
                    "\(type)/\(section.name) has no sorry server for \(family), which it serves on \(section.pool)",
                    at: section.position))
        }
        return found
    }
}

extension GatewaySection {
    fileprivate func minimumWarnings(of type: String, _ counts: [String: Int]) -> [Contradiction] {
        counts.sorted { $0.key < $1.key }.compactMap { location, count in
            guard options.minimum >= count, options.minimum > 0 else { return nil }
            return Contradiction(
                "\(type)/\(name) has minimum \(options.minimum) and \(count) instance\(count == 1 ? "" : "s") at "
                    + "\(location): all of them get new connections whatever the checks say",
                at: position)
        }
    }
}
