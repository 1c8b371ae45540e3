extension ConfigurationTemplate {
    /// A template with the variables of one service.
    public struct Resolution: Sendable {
        /// The configuration.
        public let root: ConfigurationNode
        /// Why it is no valid configuration, without duplicates.
        public let errors: [ConfigurationError]
    }

    /// The greatest size of a configuration as JSON, in bytes.
    public static let largest = 1 << 20

    /// Resolves the configuration of a service. Cost: grows with the size of the template and of the result, which is
    /// limited.
    public func resolved(_ source: some VariableSource) -> Resolution {
        var resolver = Resolver(self, source)
        let root = resolver.resolved(root)
        let missing = secrets.filter { !source.hasSecret($0.key) }.sorted { $0.key < $1.key }.map { name, origin in
            ConfigurationError(origin.position, "there is no secret \"\(name)\"; `portcullis secrets set` makes one")
        }
        var seen = Set<ConfigurationError>()
        let found = self.errors + resolver.errors + missing
        var errors = Array(found.filter { seen.insert($0).inserted }.prefix(Self.mostErrors))
        if errors.isEmpty, let problem = Workers.problem(in: root) { errors.append(problem) }
        return Resolution(root: root, errors: errors)
    }
}
