import Text

/// Finds values of a tree by their keys. A mapping is indexed at its first lookup.
final class NodeIndex {
    let node: ConfigurationNode
    private lazy var children: [ExactText: NodeIndex] = {
        guard case .mapping(let pairs) = node.content else { return [:] }
        return Dictionary(pairs.map { (ExactText($0.key), NodeIndex($0.value)) }) { first, _ in first }
    }()

    init(_ node: ConfigurationNode) { self.node = node }

    /// The value at a path; `nil` if there is none.
    subscript(path: ConfigurationPath) -> ConfigurationNode? {
        var place = self
        for key in path {
            guard let next = place.children[key] else { return nil }
            place = next
        }
        return place.node
    }
}
