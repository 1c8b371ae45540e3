/// How one configuration differs from another, value by value.
public struct ConfigurationDifference: Sendable, Hashable {
    /// A value that is in one of the two, or in both and differs.
    public struct Line: Sendable, Hashable {
        /// A JSON pointer (RFC 6901).
        public let pointer: String
        /// As JSON; `nil`: it was not there.
        public let before: String?
        /// As JSON; `nil`: it is gone.
        public let after: String?
    }

    /// In the order of the newer tree; what is gone comes last.
    public let lines: [Line]

    public init(from before: ConfigurationNode, to after: ConfigurationNode) {
        let old = before.leaves
        let oldTexts = Dictionary(old.map { ($0.pointer, $0.node.jsonText) }) { first, _ in first }
        var kept = Set<String>()
        var lines = [Line]()
        for leaf in after.leaves {
            kept.insert(leaf.pointer)
            let (before, after) = (oldTexts[leaf.pointer], leaf.node.jsonText)
            if before != after { lines.append(Line(pointer: leaf.pointer, before: before, after: after)) }
        }
        for leaf in old where !kept.contains(leaf.pointer) {
            lines.append(Line(pointer: leaf.pointer, before: oldTexts[leaf.pointer], after: nil))
        }
        self.lines = lines
    }
}

extension ConfigurationNode {
    /// The value as JSON text.
    public var jsonText: String { String(decoding: json, as: UTF8.self) }
}
