import AdminAPI
import CombinedConfiguration

extension ConfigurationChange {
    /// How the configurations of the services of both states differ; services of which that can be said in the same words
    /// are told of together.
    static func changes(from before: RegistryState, to after: RegistryState) -> [ConfigurationChange] {
        let (old, new) = (before.configurations, after.configurations)
        let changed = new.digests.filter { name, digest in old.digests[name].map { $0 != digest } ?? false }.keys
        guard !changed.isEmpty else { return [] }
        let (oldDirectory, newDirectory) = (old.directory(of: before.cloud), new.directory(of: after.cloud))
        var services: [[Line]: [String]] = [:]
        for name in changed {
            guard let from = old.configuration(of: name, oldDirectory),
                let to = new.configuration(of: name, newDirectory)
            else { continue }
            let lines =
                ConfigurationDifference(from: from, to: to).lines.map {
                    Line(path: $0.pointer, before: $0.before, after: $0.after)
                } + secrets(of: to, before.cloud, after.cloud)
            services[lines, default: []].append(name)
        }
        return services.map { ConfigurationChange(services: $1.sorted(by: ServiceInstance.comesFirst), lines: $0) }
            .sorted { ServiceInstance.comesFirst($0.services[0], $1.services[0]) }
    }

    /// Secrets that have another value under the same name.
    private static func secrets(of root: ConfigurationNode, _ before: Cloud, _ after: Cloud) -> [Line] {
        root.leaves.compactMap { leaf in
            guard case .secret(let name) = leaf.node.content, let old = before.secrets[name]?.revision,
                let new = after.secrets[name]?.revision, old != new
            else { return nil }
            let value = leaf.node.jsonText
            return Line(path: leaf.pointer, before: "\(value) revision \(old)", after: "\(value) revision \(new)")
        }
    }
}

extension ServiceInstance {
    /// The order of two names of services: by type and index.
    static func comesFirst(_ a: String, _ b: String) -> Bool {
        guard let a = parse(name: a), let b = parse(name: b) else { return a < b }
        return (a.type, a.index) < (b.type, b.index)
    }
}
