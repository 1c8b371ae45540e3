public import Text
public import YAML

/// A value in a block as it was written: variables and markers are parsed, but not evaluated.
public struct BlockValue: Sendable, Hashable {
    /// The kinds of values.
    public indirect enum Content: Sendable, Hashable {
        case mapping([Pair])
        case list([BlockValue])
        case scalar(ScalarTemplate)
        case secret(SecretReference)
    }

    /// A key and its value.
    public struct Pair: Sendable, Hashable {
        @ExactText public private(set) var key: String
        public let value: BlockValue
    }

    public let content: Content
    /// `append`, `replace` or `delete`.
    public let marker: ConfigurationMarker?
    public let position: YAMLPosition

    /// The names of the secrets in it.
    // exact: SecretName is ASCII
    public var secrets: Set<String> {
        switch content {
        case .secret(let secret): [secret.name]
        case .scalar: []
        case .list(let items): items.reduce(into: []) { $0.formUnion($1.secrets) }
        case .mapping(let pairs): pairs.reduce(into: []) { $0.formUnion($1.value.secrets) }
        }
    }
}
