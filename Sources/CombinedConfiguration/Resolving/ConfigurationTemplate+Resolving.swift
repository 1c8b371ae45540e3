extension ConfigurationTemplate {
    /// What a template came to with the variables of one service.
    public struct Resolution: Sendable {
        /// The configuration.
        public let root: ConfigurationNode
        /// Why it is none, each thing once.
        public let errors: [ConfigurationError]
    }

    /// Bytes of a configuration as JSON.
    public static let largest = 1 << 20

    /// The configuration of a service.
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
