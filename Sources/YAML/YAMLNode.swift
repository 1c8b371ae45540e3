public import Text

/// A value of a YAML document with its place in the text.
///
/// Scalars keep their text. The reader decides on their meaning (a number, true, null); see `YAMLScalar.resolved` and
/// the decoding functions.
public struct YAMLNode: Sendable, Hashable {
    /// The kinds of values.
    public enum Content: Sendable, Hashable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLPair])
    }

    /// The place where the value begins.
    public let position: YAMLPosition
    /// The local tag (`!secret`), if the caller allowed it; the parser refuses all others.
    public let tag: String?
    public let content: Content

    public init(_ content: Content, at position: YAMLPosition, tag: String? = nil) {
        self.content = content
        self.position = position
        self.tag = tag
    }

    /// The scalar; `nil` for a list or mapping.
    public var scalar: YAMLScalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    /// Whether the node is null: `~`, `null` or an empty text.
    public var isNull: Bool { tag == nil && scalar?.resolved == .null }

    /// Whether two nodes have the same value, wherever they are and however they are written.
    public func hasSameValue(as other: YAMLNode) -> Bool {
        guard tag == other.tag else { return false }
        switch (content, other.content) {
        case (.scalar(let a), .scalar(let b)):
            return a == b || a.resolved == b.resolved
        case (.sequence(let a), .sequence(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { $0.hasSameValue(as: $1) }
        case (.mapping(let a), .mapping(let b)):
            guard a.count == b.count else { return false }
            let values = Dictionary(b.map { (ExactText($0.key.text), $0.value) }) { first, _ in first }
            return a.allSatisfy { pair in
                values[ExactText(pair.key.text)].map { pair.value.hasSameValue(as: $0) } ?? false
            }
        default:
            return false
        }
    }
}

/// A key of a mapping. Keys are always text: `80` and `"80"` are the same key.
public struct YAMLKey: Sendable, Hashable {
    @ExactText public private(set) var text: String
    public let position: YAMLPosition

    public init(_ text: String, at position: YAMLPosition) {
        self.text = text
        self.position = position
    }

    /// The key as a node, for keys that are more than names (`ports: {80: 8080}`).
    public var node: YAMLNode { YAMLNode(.scalar(YAMLScalar(text: text, isPlain: true)), at: position) }
}

/// A key of a mapping with its value.
public struct YAMLPair: Sendable, Hashable {
    public let key: YAMLKey
    public let value: YAMLNode

    public init(key: YAMLKey, value: YAMLNode) {
        self.key = key
        self.value = value
    }
}
