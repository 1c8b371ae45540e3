import YAML

extension BlockValue {
    /// The value if there is none before it; a deletion leaves nothing.
    func node(in block: BlockID) -> ConfigurationNode? {
        guard marker != .delete else { return nil }
        let origin = ConfigurationNode.Origin(position, block, expression: expression)
        let content: ConfigurationNode.Content =
            switch content {
            case .mapping(let pairs):
                .mapping(
                    pairs.compactMap { pair in pair.value.node(in: block).map { .init(pair.key, $0) } })
            case .list(let items): .list(items.compactMap { $0.node(in: block) })
            case .secret(let secret): .secret(secret)
            case .scalar(.literal(let scalar)): .scalar(scalar)
            case .scalar(.text(let parts)): .text(parts)
            case .scalar(.reference(let reference)) where reference.variable.kind == .list:
                .list([ConfigurationNode(.reference(reference, spliced: true), from: origin)])
            case .scalar(.reference(let reference)): .reference(reference, spliced: false)
            }
        return ConfigurationNode(content, from: origin)
    }
}
