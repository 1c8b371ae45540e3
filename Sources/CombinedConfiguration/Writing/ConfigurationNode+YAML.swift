public import YAML

extension ConfigurationNode {
    /// The value as a YAML node. A secret is its name after `!secret` or `!secret-base64`.
    public var yaml: YAMLNode {
        let place = origin.position
        return switch content {
        case .scalar(let scalar): YAMLNode(.scalar(scalar), at: place)
        case .secret(let secret):
            YAMLNode(.scalar(YAMLScalar(text: secret.name, isPlain: true)), at: place, tag: secret.marker.rawValue)
        case .reference, .text:
            YAMLNode(.scalar(YAMLScalar(text: origin.expression ?? "", isPlain: false)), at: place)
        case .list(let items): YAMLNode(.sequence(items.map(\.yaml)), at: place)
        case .mapping(let pairs):
            YAMLNode(
                .mapping(pairs.map { YAMLPair(key: YAMLKey($0.key, at: place), value: $0.value.yaml) }), at: place)
        }
    }

    /// The tree with each secret replaced by the result of `value`.
    public func revealing(_ value: (SecretReference) throws -> String) rethrows -> ConfigurationNode {
        switch content {
        case .secret(let secret):
            return ConfigurationNode(
                .scalar(YAMLScalar(text: try value(secret), isPlain: false)), from: origin, over: overridden)
        case .list(let items):
            return ConfigurationNode(
                .list(try items.map { try $0.revealing(value) }), from: origin, over: overridden)
        case .mapping(let pairs):
            return ConfigurationNode(
                .mapping(try pairs.map { .init($0.key, try $0.value.revealing(value)) }), from: origin,
                over: overridden)
        case .scalar, .reference, .text: return self
        }
    }
}
