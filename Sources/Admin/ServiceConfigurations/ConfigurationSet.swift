import CombinedConfiguration
import Crypto

/// The combined configurations of every service, belonging to one cloud.
///
/// Kept are the merged blocks of each type and, for each service, what tells its configuration from another; the values
/// are put in when they are asked for. A change merges and compares again only what it can touch.
struct ConfigurationSet: Sendable {
    /// Of each type that may have services.
    private(set) var templates: [String: ConfigurationTemplate] = [:]
    /// By service.
    private(set) var entries: [String: Entry] = [:]
    /// How many templates were merged and configurations put together to come here, for the tests that watch over it.
    private(set) var builds = Builds()

    struct Entry: Sendable, Hashable {
        /// Hexadecimal; differs when the configuration does, or a value of a secret in it.
        var digest: String
        /// Why there is no configuration; empty: there is.
        var faults: [ConfigurationError]
    }

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
        for name in touch.services where cloud.services[name] == nil { entries[name] = nil }
        let directory = InstanceDirectory(cloud)
        for service in cloud.services.values where types.contains(service.type) || touch.touches(service, in: cloud) {
            entries[service.name] = entry(of: service, directory)
            builds.services += 1
        }
    }

    private func entry(of service: ServiceInstance, _ directory: InstanceDirectory) -> Entry? {
        guard let template = templates[service.type], let resolution = resolve(service, directory) else { return nil }
        var hash = SHA256()
        let json = resolution.root.json
        hash.update(data: json)
        for name in template.secrets.keys.sorted() {
            hash.update(data: Array("\n\(name) \(directory.cloud.secrets[name]?.revision ?? 0)".utf8))
        }
        var faults = resolution.errors
        if faults.isEmpty, json.count > ConfigurationTemplate.largest {
            faults = [
                ConfigurationError(
                    template.root.origin.position,
                    "the configuration has more than \(ConfigurationTemplate.largest) bytes as JSON")
            ]
        }
        return Entry(digest: EntityTag.hexadecimal(hash.finalize()), faults: faults)
    }

    private func resolve(
        _ service: ServiceInstance, _ directory: InstanceDirectory
    ) -> ConfigurationTemplate.Resolution? {
        guard let template = templates[service.type], let server = directory.cloud.servers[service.server] else {
            return nil
        }
        let missing = template.secrets.filter { directory.cloud.secrets[$0.key] == nil }.map { name, origin in
            ConfigurationError(origin.position, "there is no secret \"\(name)\"; `portcullis secrets set` makes one")
        }
        let resolution = template.resolved(
            ServiceVariables(service: service, server: server, directory: directory))
        return .init(
            root: resolution.root, errors: resolution.errors + missing.sorted { $0.position < $1.position })
    }

    /// A service's configuration, put together; `nil` when there is no such service, or it has none (`entries` say why).
    func configuration(of name: String, in directory: InstanceDirectory) -> ConfigurationNode? {
        guard entries[name]?.faults.isEmpty == true, let service = directory.cloud.services[name] else { return nil }
        return resolve(service, directory)?.root
    }
}
