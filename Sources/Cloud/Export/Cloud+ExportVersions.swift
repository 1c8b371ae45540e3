import Names
public import ServicesExport
import YAML

/// A gateway, and the newest version of the export that it reads.
public struct ExportReader: Sendable, Hashable {
    public let location: String
    public let gateway: String
    public let version: ServicesCSV.Version

    public init(location: String, gateway: String, version: ServicesCSV.Version) {
        self.location = location
        self.gateway = gateway
        self.version = version
    }
}

extension Cloud {
    /// Sections that a gateway of a location where they are served cannot read, and that it did not have to read
    /// `before`. It would go on with the export before them, and miss every later change.
    ///
    /// Costs a look at each service when there are readers, and nothing otherwise.
    package func unreadableSections(for readers: [ExportReader], since before: Cloud) -> [Contradiction] {
        guard !readers.isEmpty else { return [] }
        let (served, servedBefore) = (demandingSections(), before.demandingSections())
        return served.flatMap { place, section -> [Contradiction] in
            readers.filter { $0.location == place.location && $0.version < section.version }.compactMap { reader in
                guard servedBefore[place].map({ $0.version <= reader.version }) ?? true else { return nil }
                return Contradiction(
                    "\(place.section)" + Self.need(of: section.version, at: place.location, by: reader),
                    at: section.position, of: subjects(serving: place, since: before))
            }
        }.sorted { $0.message < $1.message }
    }

    /// Like the function above, for egress rules. Costs a look at each rule when there are readers, and nothing
    /// otherwise.
    package func unreadableEgress(for readers: [ExportReader], since before: Cloud) -> [Contradiction] {
        let version = EgressRule.minimumVersion
        let unable = readers.filter { $0.version < version }
        guard !unable.isEmpty else { return [] }
        return egress.keys.filter { before.egress[$0] == nil }.sorted().flatMap { id in
            unable.filter { $0.location == id.location }.map { reader in
                Contradiction(
                    "the egress rule \(id.name)" + Self.need(of: version, at: id.location, by: reader),
                    of: [.egress(id)])
            }
        }
    }

    /// To follow what needs a version that a gateway does not read.
    private static func need(of version: ServicesCSV.Version, at location: String, by reader: ExportReader) -> String {
        " needs version \(version.rawValue) of the export, and the gateway \(reader.gateway) of \(location) reads "
            + "version \(reader.version.rawValue) only: upgrade it, or forget it if it is gone"
    }

    /// What has brought a section to a location: the services that are served there and were not before, by what is
    /// different about them; then the others there.
    private func subjects(serving place: ServedSection, since before: Cloud) -> [Contradiction.Subject] {
        let instances = services.values.filter {
            $0.type == place.section.type && effectiveState(of: $0).state != .maint
                && servers[$0.server]?.location == place.location
        }.sorted { $0.index < $1.index }
        let changed = instances.compactMap { service -> Contradiction.Subject? in
            guard let old = before.services[service.name] else { return .init(.service, service.name) }
            if old.server != service.server { return .init(.service, service.name, .server) }
            if before.servers[service.server]?.location != place.location {
                return .init(.server, service.server, .location)
            }
            if old.state == .maint { return .init(.service, service.name, .state) }
            return before.servers[service.server]?.state == .maint ? .init(.server, service.server, .state) : nil
        }
        return changed + instances.map { .init(.service, $0.name) }
    }

    private struct ServedSection: Hashable {
        let location: String
        let section: SectionID
    }

    /// The version that a section needs, and its place in the text.
    private typealias Demand = (version: ServicesCSV.Version, position: YAMLPosition)

    /// The sections that not every version of the export can express, at each location that serves them.
    private func demandingSections() -> [ServedSection: Demand] {
        var demanding = [ServedSection: Demand]()
        for (location, types) in exportedInstances() {
            for type in types.keys {
                for section in self.types[type]?.configuration.gateway ?? [] {
                    guard let pool = pools[AddressPool.ID(location: location, name: section.pool)] else { continue }
                    let version = section.minimumVersion(on: section.families(of: pool))
                    guard version > .one else { continue }
                    let id = SectionID(type: type, section: section.name)
                    demanding[ServedSection(location: location, section: id)] = (version, section.position)
                }
            }
        }
        return demanding
    }
}
