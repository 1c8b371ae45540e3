package import CombinedConfiguration

/// The combined configurations of every service of one cloud.
///
/// The set holds the merged blocks of each type and, for each service, a digest of its configuration. Values are
/// filled in on demand. After a change, only what it can affect is merged and compared again.
package struct ConfigurationSet: Sendable {
    /// The template of each type that may have services.
    package private(set) var templates: [String: ConfigurationTemplate] = [:]
    /// The digest of each service whose configuration can be combined, in hexadecimal. It differs if the
    /// configuration does, or the value of a secret in it.
    package private(set) var digests: [String: String] = [:]
    /// The faults of each service whose configuration cannot be combined; empty if many services of its type have
    /// faults, which `faults(of:)` then finds.
    package private(set) var faults: [String: [ConfigurationError]] = [:]
    /// The services whose digests the last change has changed; of a set that was made as a whole, all that have one.
    package private(set) var changed: Set<String> = []
    private var instances = InstancesByType()

    package init() {}

    package init(of cloud: Cloud) {
        rebuild(ConfigurationImpact(everythingOf: cloud), cloud)
    }

    /// The configurations after a change. Cost: grows with what the change can affect.
    package func updated(_ difference: CloudDifference, from before: Cloud, to after: Cloud) -> ConfigurationSet {
        var set = self
        set.changed = []
        set.rebuild(ConfigurationImpact(difference, from: before, to: after), after)
        return set
    }

    private mutating func rebuild(_ impact: ConfigurationImpact, _ cloud: Cloud) {
        if !impact.templates.isEmpty {
            let blocks = BlockDirectory(cloud)
            for type in impact.templates {
                guard let file = cloud.types[type], !file.configuration.isFake else {
                    templates[type] = nil
                    continue
                }
                templates[type] = ConfigurationTemplate(merging: blocks.blocks(for: type), type: type)
            }
        }
        for name in impact.services where cloud.services[name] == nil {
            note(nil, of: name)
            faults[name] = nil
        }
        instances.update(impact.isEverything ? nil : impact.instanceTypes, from: cloud)
        let directory = directory(of: cloud)
        for (type, services) in Dictionary(grouping: services(affectedBy: impact, in: cloud), by: \.type) {
            compare(services, of: type, directory)
        }
    }

    /// The services whose configurations are put together and compared again. Walks over all services.
    package func services(affectedBy impact: ConfigurationImpact, in cloud: Cloud) -> [ServiceInstance] {
        let types = impact.templates.union(templates.filter { impact.affects($0.value) }.keys)
        return cloud.services.values.filter { types.contains($0.type) || impact.affects($0, in: cloud) }
    }

    /// The source of variables' values in the cloud of this set.
    package func directory(of cloud: Cloud) -> InstanceDirectory { InstanceDirectory(cloud, instances) }

    /// The number of services of one type whose faults are stored; if thousands have faults, most are the same.
    private static let mostFaulty = 100

    private mutating func compare(_ services: [ServiceInstance], of type: String, _ directory: InstanceDirectory) {
        guard let template = templates[type] else {
            for service in services {
                note(nil, of: service.name)
                faults[service.name] = nil
            }
            return
        }
        var made = ConfigurationDigests(template, directory.cloud)
        var told = (old: 0, new: 0)
        for service in services {
            guard let variables = directory.variables(of: service.name) else { continue }
            let wasFaulty = faults.removeValue(forKey: service.name) != nil
            note(made.digest(for: variables), of: service.name)
            guard digests[service.name] == nil else { continue }
            if wasFaulty { told.old += 1 } else { told.new += 1 }
            let isTold = (wasFaulty ? told.old : told.new) <= Self.mostFaulty
            faults[service.name] = isTold ? template.faults(for: variables) : []
        }
    }

    private mutating func note(_ digest: String?, of name: String) {
        guard digests[name] != digest else { return }
        digests[name] = digest
        changed.insert(name)
    }

    /// Why a service has no configuration.
    package func faults(of name: String, _ directory: InstanceDirectory) -> [ConfigurationError] {
        guard let known = faults[name] else { return [] }
        guard known.isEmpty, let variables = directory.variables(of: name) else { return known }
        return templates[variables.service.type]?.faults(for: variables) ?? []
    }

    /// A service's combined configuration; `nil` if there is no such service, or if `faults` says why it has none.
    package func configuration(of name: String, _ directory: InstanceDirectory) -> ConfigurationNode? {
        guard digests[name] != nil, let variables = directory.variables(of: name) else { return nil }
        return templates[variables.service.type]?.resolved(variables).root
    }
}
