import CombinedConfiguration
import Names
import Text

/// How a change of the cloud affects configurations: which templates must be merged again, and for which services
/// variables may differ.
package struct ConfigurationImpact {
    /// Types for which the blocks have changed.
    package private(set) var templates: Set<String> = []
    /// Types that were created or deleted, or of which an instance was created, deleted or moved.
    private(set) var instanceTypes: Set<String> = []
    /// Services that were created, deleted or moved to another server.
    package private(set) var services: Set<String> = []
    /// Servers that were created, deleted or changed.
    package private(set) var servers: Set<String> = []
    /// Locations that were created, deleted or changed, or whose pools were.
    package private(set) var locations: Set<String> = []
    /// Secrets that were created, deleted or changed.
    package private(set) var secrets: Set<String> = []
    private(set) var isEverything = false

    package init(_ difference: CloudDifference, from before: Cloud, to after: Cloud) {
        var files = before.applyingTypes.symmetricDifference(after.applyingTypes)
        for change in difference.changes {
            switch change.kind {
            case .type:
                files.insert(change.name)
                templates.insert(change.name)
                if change.action != .update { instanceTypes.insert(change.name) }
            case .service:
                guard let type = ServiceName(change.name)?.type,
                    before.services[change.name]?.server != after.services[change.name]?.server
                else { continue }
                services.insert(change.name)
                instanceTypes.insert(type)
            case .server:
                // No configuration has a server's state or drives.
                var old = before.servers[change.name]
                let new = after.servers[change.name]
                if let new {
                    old?.state = new.state
                    old?.until = new.until
                    old?.drives = new.drives
                }
                if old != new { servers.insert(change.name) }
            case .location: locations.insert(change.name)
            case .pool: locations.insert(String(change.name.splitBytes("/")[0]))
            case .secret: secrets.insert(change.name)
            case .mark, .egress, .job, .rollout, .move: break
            }
        }
        let blocks = files.lazy.flatMap { file in
            [before, after].flatMap { $0.types[file]?.configuration.config ?? [] }
        }
        for block in blocks {
            guard case .types(let types) = block.target else {
                templates.formUnion(after.types.keys)
                break
            }
            templates.formUnion(types)
        }
        if !servers.isEmpty {
            for service in after.services.values where servers.contains(service.server) {
                instanceTypes.insert(service.type)
            }
        }
    }

    /// Treats everything as changed.
    init(everythingOf cloud: Cloud) {
        templates = Set(cloud.types.keys)
        isEverything = true
    }

    /// Whether the template needs something that may have changed, for any service.
    func affects(_ template: ConfigurationTemplate) -> Bool {
        template.variables.contains { variable in
            switch variable {
            case .instanceAddresses(let type), .instanceNames(let type): instanceTypes.contains(type)
            default: false
            }
        } || template.secrets.keys.contains(where: secrets.contains)
    }

    /// Whether the service, its server or its location may have changed.
    package func affects(_ service: ServiceInstance, in cloud: Cloud) -> Bool {
        services.contains(service.name) || servers.contains(service.server)
            || !locations.isEmpty && (cloud.servers[service.server].map { locations.contains($0.location) } ?? false)
    }
}
