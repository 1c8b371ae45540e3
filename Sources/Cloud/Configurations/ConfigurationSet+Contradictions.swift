import CombinedConfiguration

extension ConfigurationSet {
    /// Why configurations cannot be combined that could be before, or did not exist before. A change is refused for
    /// these.
    ///
    /// A configuration that was already faulty, in a registry from before ADMIN combined any, prevents no change.
    ///
    /// - Parameter files: the meta-configurations that are being changed. Of two places, one in these files is named
    ///   first.
    package func contradictions(since before: ConfigurationSet, cloud: Cloud, files: Set<String>) -> [Contradiction] {
        var services = [ConfigurationError: [String]]()
        for (name, faults) in faults where before.faults[name] == nil {
            for fault in faults { services[fault.blaming(files), default: []].append(name) }
        }
        // Templates of types without services, since a service may be created at any time.
        var types = [ConfigurationError: [String]]()
        for (type, template) in templates where before.templates[type]?.errors.isEmpty != false {
            for error in template.errors.map({ $0.blaming(files) }) where services[error] == nil {
                types[error, default: []].append(type)
            }
        }
        let found = services.map { (error: $0, names: $1) } + types.map { (error: $0, names: $1) }
        return found.sorted { ($0.error.position, $0.error.message) < ($1.error.position, $1.error.message) }
            .map { error, names in
                let names = names.sorted()
                let rest = names.count > 1 ? " and \(names.count - 1) more" : ""
                return Contradiction(
                    "\(error.message) (in the configuration of \(names[0])\(rest))", at: error.position,
                    of: names.filter { cloud.services[$0] != nil }.flatMap { name in
                        [.init(.service, name, .server), .init(.service, name)]
                    })
            }
    }
}
