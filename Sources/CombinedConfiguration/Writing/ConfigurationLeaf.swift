import Text

/// A single value of a configuration, or an empty list or mapping, with its place and origin.
public struct ConfigurationLeaf: Sendable, Hashable {
    /// A JSON pointer (RFC 6901).
    public let pointer: String
    public let node: ConfigurationNode
    /// The values that were replaced here, or at the list or mapping around it, the oldest first.
    public let overridden: [ConfigurationNode.Overridden]
}

extension ConfigurationNode {
    /// Every single value, in the order of the tree. Walks over all of it.
    public var leaves: [ConfigurationLeaf] {
        var leaves = [ConfigurationLeaf]()
        collect("", [], into: &leaves)
        return leaves
    }

    private func collect(_ pointer: String, _ inherited: [Overridden], into leaves: inout [ConfigurationLeaf]) {
        let chain = overridden.isEmpty ? inherited : inherited + overridden
        switch content {
        case .mapping(let pairs) where !pairs.isEmpty:
            for pair in pairs { pair.value.collect(pointer + "/" + pair.key.pointerToken, chain, into: &leaves) }
        case .list(let items) where !items.isEmpty:
            for (index, item) in items.enumerated() { item.collect("\(pointer)/\(index)", chain, into: &leaves) }
        default: leaves.append(ConfigurationLeaf(pointer: pointer, node: self, overridden: chain))
        }
    }
}

extension String {
    /// The text as a token of a JSON pointer.
    var pointerToken: String {
        utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
            ? replacingByte("~", with: "~0").replacingByte("/", with: "~1") : self
    }
}

extension DeletedValue {
    /// A JSON pointer to its former place.
    public var pointer: String { path.map { "/" + $0.wrappedValue.pointerToken }.joined() }
}
