import AdminAPI
import Cloud
import Names
import NetworkTypes
import Registry
import ServicesExport
import Text

// How the values of the cloud look in the API.

extension LocationResource {
    init(_ location: Location) {
        self.init(name: location.name, description: location.description.isEmpty ? nil : location.description)
    }
}

extension PoolResource {
    init(_ pool: AddressPool) {
        self.init(location: pool.id.location, name: pool.id.name, addresses: pool.addresses.map(\.description))
    }
}

extension Egress {
    init(_ change: EgressChange, at id: Egress.ID) {
        self.init(
            location: id.location, name: id.name, pool: change.pool,
            sources: change.from.compactMap { AddressPrefix($0) },
            exceptions: change.except.compactMap { AddressPrefix($0) })
    }
}

extension EgressResource {
    init(_ egress: Egress) {
        self.init(
            location: egress.id.location, name: egress.id.name, pool: egress.pool,
            from: egress.sources.map(\.description), except: egress.exceptions.map(\.description))
    }
}

extension ServerResource {
    init(_ server: Server) {
        self.init(
            name: server.name, location: server.location, kind: server.kind,
            addresses: server.addresses.map(\.description), labels: server.labels, state: server.state,
            until: server.until,
            drives: server.drives.isEmpty
                ? nil : Dictionary(uniqueKeysWithValues: server.drives.map { (ExactText($0.key), $0.value) }))
    }
}

extension TypeSummary {
    init(_ type: String, _ revision: TypeRevision) {
        self.init(
            type: type, revision: revision.number, changedBy: revision.changedBy, changedAt: revision.changedAt)
    }
}

extension TypeResource {
    init(_ type: String, _ revision: TypeRevision, source: String) {
        self.init(
            type: type, revision: revision.number, source: source, changedBy: revision.changedBy,
            changedAt: revision.changedAt)
    }
}

extension ServiceResource {
    init(_ service: ServiceInstance, in cloud: Cloud) {
        self.init(service, effective: cloud.effectiveState(of: service), move: cloud.moves[service.name])
    }

    /// - Parameter move: its newest; it counts while it is on.
    init(_ service: ServiceInstance, effective: EffectiveState, move: RecordedMove?) {
        self.init(
            name: service.name, type: service.type, index: service.index, server: service.server,
            state: service.state, weight: service.weight, until: service.until, effective: effective,
            version: service.installation?.version, digest: service.installation?.digest,
            desired: service.installation?.desired, drive: service.installation?.drive,
            move: move.flatMap { $0.isOpen ? MoveResource($0) : nil })
    }
}

extension ChangeReport {
    init(_ summary: ChangeSummary, generation: Int?) {
        self.init(
            changes: summary.difference.changes.map {
                Change(
                    action: ChangeAction($0.action), kind: ResourceKind($0.kind), name: $0.name, before: $0.before,
                    after: $0.after)
            },
            export: summary.exports.map { ExportChange(location: $0.location, $0.difference) },
            configurations: summary.configurations.map(ConfigurationChange.init),
            warnings: summary.warnings.map(Problem.Fault.init), generation: generation)
    }
}

extension ExportChange {
    fileprivate init(location: String, _ difference: ExportDifference) {
        let egress = difference.egress
        self.init(
            location: location,
            added: Self.inFileOrder(egress.added.map(\.description) + difference.added.map(\.description)) { $0 },
            removed: Self.inFileOrder(egress.removed.map(\.description) + difference.removed.map(\.description)) { $0 },
            changed: Self.inFileOrder(
                egress.changed.map { Line(before: $0.before.description, after: $0.after.description) }
                    + difference.changed.map { Line(before: $0.before.description, after: $0.after.description) }
            ) { $0.after })
    }

    private static func inFileOrder<Element>(_ elements: [Element], by line: (Element) -> String) -> [Element] {
        elements.sorted { line($0).utf8.lexicographicallyPrecedes(line($1).utf8) }
    }
}

extension ConfigurationChange {
    fileprivate init(_ change: ServiceConfigurationChange) {
        self.init(
            services: change.services,
            lines: change.lines.map { Line(path: $0.path, before: $0.before, after: $0.after) },
            omitted: change.isOmitted ? true : nil)
    }
}

extension Problem.Fault {
    init(_ fault: Fault) { self.init(pointer: fault.place.pointer, detail: fault.detail) }
}

extension Fault.Place {
    /// The place in the form for problems. An object that the request does not contain is named by its API path.
    fileprivate var pointer: String {
        switch self {
        case .text(let text): text
        case .object(.location, let name): APIPath.location(name).pattern
        case .object(.pool, let name): "\(APIPath.locations.pattern)/\(name.replacingByte("/", with: "/pools/"))"
        case .object(.egress, let name):
            "\(APIPath.locations.pattern)/\(name.replacingByte("/", with: "/egress/"))"
        case .object(.server, let name): APIPath.server(name).pattern
        case .object(.service, let name): APIPath.service(name).pattern
        }
    }
}
