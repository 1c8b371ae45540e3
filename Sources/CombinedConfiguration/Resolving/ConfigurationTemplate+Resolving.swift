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
        let missing = secrets.filter { source.secret($0.key) == nil }.sorted { $0.key < $1.key }.map { name, origin in
            ConfigurationError(origin.position, "there is no secret \"\(name)\"; `portcullis secrets set` makes one")
        }
        let binary = textSecrets.filter { source.secret($0.key) == .binary }.sorted { $0.key < $1.key }
            .map { name, origin in
                ConfigurationError(
                    origin.position,
                    "the secret \"\(name)\" is binary and no text; \(ConfigurationMarker.base64Secret.rawValue) in place "
                        + "of \(ConfigurationMarker.secret.rawValue) gives its Base64")
            }
        var seen = Set<ConfigurationError>()
        let found = self.errors + resolver.errors + missing + binary
        var errors = Array(found.filter { seen.insert($0).inserted }.prefix(Self.mostErrors))
        if errors.isEmpty, let problem = Workers.problem(in: root) { errors.append(problem) }
        return Resolution(root: root, errors: errors)
    }
}
