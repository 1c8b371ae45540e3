import CombinedConfiguration
import Crypto

/// The combined configurations of every service, belonging to one cloud.
///
/// Kept are the merged blocks of each type and, for each service, what tells its configuration from another; the values
/// are put in when they are asked for. A change merges and compares again only what it can touch.
struct ConfigurationSet: Sendable {
    /// Of each type that may have services.
    private(set) var templates: [String: ConfigurationTemplate] = [:]
    /// Of each service whose configuration can be combined: hexadecimal, and another when the configuration is, or a value
    /// of a secret in it.
    private(set) var digests: [String: String] = [:]
    /// Of each service whose configuration cannot be combined: why.
    private(set) var faults: [String: [ConfigurationError]] = [:]
    private var instances = InstancesByType()
    /// How many templates were merged and configurations put together to come here, for the tests that watch over it.
    private(set) var builds = Builds()

    struct Builds: Sendable, Hashable {
        var templates = 0
        var services = 0
    }

    init() {}

    init(of cloud: Cloud) {
        rebuild(ConfigurationTouch(everythingOf: cloud), cloud)
    }

    /// The configurations after a change.
    func updated(_ difference: CloudDifference, from before: Cloud, to after: Cloud) -> ConfigurationSet {
        var set = self
        set.rebuild(ConfigurationTouch(difference, from: before, to: after), after)
        return set
    }

    private mutating func rebuild(_ touch: ConfigurationTouch, _ cloud: Cloud) {
        if !touch.templates.isEmpty {
            let applying = cloud.applyingTypes
            for type in touch.templates {
                guard let file = cloud.types[type], !file.configuration.isFake else {
                    templates[type] = nil
                    continue
                }
                templates[type] = ConfigurationTemplate(
                    merging: cloud.configurationBlocks(for: type, applying: applying), type: type)
                builds.templates += 1
            }
        }
        let types = touch.templates.union(templates.filter { touch.touches($0.value) }.keys)
        for name in touch.services where cloud.services[name] == nil {
            digests[name] = nil
            faults[name] = nil
        }
        instances.update(touch.isEverything ? nil : touch.instanceTypes, from: cloud)
        let directory = directory(of: cloud)
        for service in cloud.services.values where types.contains(service.type) || touch.touches(service, in: cloud) {
            compare(service, directory)
            builds.services += 1
        }
    }

    /// What variables of the cloud that this belongs to are read from.
    func directory(of cloud: Cloud) -> InstanceDirectory { InstanceDirectory(cloud, instances) }

    private mutating func compare(_ service: ServiceInstance, _ directory: InstanceDirectory) {
        digests[service.name] = nil
        faults[service.name] = nil
        guard let template = templates[service.type], let resolution = resolve(service, directory) else { return }
        guard resolution.errors.isEmpty else {
            // Of a type with thousands of services each has the same: of most of them one is enough.
            faults[service.name] = Array(resolution.errors.prefix(faults.count < 100 ? 100 : 1))
            return
        }
        let json = resolution.root.json
        guard json.count <= ConfigurationTemplate.largest else {
            let limit = "the configuration has more than \(ConfigurationTemplate.largest) bytes as JSON"
            faults[service.name] = [ConfigurationError(template.root.origin.position, limit)]
            return
        }
        var hash = SHA256()
        hash.update(data: json)
        for name in template.secrets.keys.sorted() {
            // Sealed anew, a value has other bytes: a secret that was deleted and came back is another one.
            hash.update(data: Array("\n\(name) \(directory.cloud.secrets[name]?.revision ?? 0) ".utf8))
            hash.update(data: directory.cloud.secrets[name]?.sealed ?? [])
        }
        digests[service.name] = EntityTag.hexadecimal(hash.finalize())
    }

    private func resolve(
        _ service: ServiceInstance, _ directory: InstanceDirectory
    ) -> ConfigurationTemplate.Resolution? {
        guard let variables = directory.variables(of: service.name) else { return nil }
        return templates[service.type]?.resolved(variables)
    }

    /// A service's configuration, put together; `nil` when there is no such service, or `faults` say why it has none.
    func configuration(of name: String, _ directory: InstanceDirectory) -> ConfigurationNode? {
        guard digests[name] != nil, let service = directory.cloud.services[name] else { return nil }
        return resolve(service, directory)?.root
    }
}
