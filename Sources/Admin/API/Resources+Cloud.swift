import AdminAPI
import NetworkTypes
import ServicesExport

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

extension ServerResource {
    init(_ server: Server) {
        self.init(
            name: server.name, location: server.location, kind: Kind(server.kind),
            addresses: server.addresses.map(\.description), labels: server.labels)
    }
}

extension ServerResource.Kind {
    init(_ kind: ServerKind) {
        self =
            switch kind {
            case .app: .app
            case .db: .db
            case .archive: .archive
            case .gateway: .gateway
            }
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
    init(_ service: ServiceInstance) {
        self.init(
            name: service.name, type: service.type, index: service.index, server: service.server,
            state: State(service.state), weight: service.weight)
    }
}

extension ServiceResource.State {
    init(_ state: ServiceState) {
        self =
            switch state {
            case .ready: .ready
            case .drain: .drain
            case .maint: .maint
            }
    }
}

extension ExportChange {
    /// `nil` when the two exports are equal. Of a location that comes or goes the other side is empty.
    init?(location: String, from before: LocationExport?, to after: LocationExport?) {
        guard before?.digest != after?.digest else { return nil }
        let difference = ExportDifference(from: before?.rows ?? [], to: after?.rows ?? [])
        guard !difference.isEmpty else { return nil }
        self.init(
            location: location, added: difference.added.map(\.description),
            removed: difference.removed.map(\.description),
            changed: difference.changed.map { Line(before: $0.before.description, after: $0.after.description) })
    }
}
