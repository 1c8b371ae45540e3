package import YAML

extension BlockValue {
    /// The value as if all of it stood at one place. Two values that say the same are equal then.
    package func at(_ position: YAMLPosition) -> BlockValue {
        let content: Content =
            switch content {
            case .mapping(let pairs): .mapping(pairs.map { Pair(key: $0.key, value: $0.value.at(position)) })
            case .list(let items): .list(items.map { $0.at(position) })
            case .scalar, .secret: content
            }
        return BlockValue(content: content, marker: marker, position: position)
    }
}
