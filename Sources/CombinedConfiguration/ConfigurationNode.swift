public import Text
public import YAML

/// A value of a combined configuration with its origin.
public struct ConfigurationNode: Sendable, Hashable {
    /// The kinds of values.
    public enum Content: Sendable, Hashable {
        case mapping([Pair])
        case list([ConfigurationNode])
        case scalar(YAMLScalar)
        case secret(SecretReference)
        /// A variable that is not resolved yet. If it is `spliced` into a list, each of its items becomes an item.
        indirect case reference(Reference, spliced: Bool)
        case text([ScalarTemplate.Part])
    }

    /// A key and its value.
    public struct Pair: Sendable, Hashable {
        @ExactText public private(set) var key: String
        public let value: ConfigurationNode

        init(_ key: String, _ value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    /// A value is a single reference, so that values that several templates share exist only once.
    private let storage: Storage

    private final class Storage: Sendable {
        let content: Content
        let origin: Origin
        let overridden: [Overridden]
        let needs: Needs

        init(_ content: Content, _ origin: Origin, _ overridden: [Overridden], _ needs: Needs) {
            self.content = content
            self.origin = origin
            self.overridden = overridden
            self.needs = needs
        }
    }

    /// What must be resolved before a value and everything in it is complete.
    struct Needs: OptionSet, Sendable {
        let rawValue: UInt8

        static let variable = Needs(rawValue: 1)
        /// A variable that refers to another value of the configuration.
        static let configuration = Needs(rawValue: 2)
        static let secret = Needs(rawValue: 4)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(_ reference: Reference) {
            if case .configuration = reference.variable {
                self = [.variable, .configuration]
            } else {
                self = .variable
            }
        }

        init(_ content: Content) {
            self =
                switch content {
                case .scalar: []
                case .secret: .secret
                case .reference(let reference, _): Needs(reference)
                case .text(let parts):
                    parts.reduce([]) { needs, part in
                        if case .reference(let reference) = part { needs.union(Needs(reference)) } else { needs }
                    }
                case .mapping(let pairs): pairs.reduce([]) { $0.union($1.value.needs) }
                case .list(let items): items.reduce([]) { $0.union($1.needs) }
                }
        }
    }

    public var content: Content { storage.content }
    /// The place where the value was written.
    public var origin: Origin { storage.origin }
    /// The values that this one has replaced, the oldest first; if there are many, only the newest.
    public var overridden: [Overridden] { storage.overridden }
    var needs: Needs { storage.needs }
    /// Whether neither the value nor anything in it needs a variable.
    var isConstant: Bool { !storage.needs.contains(.variable) }

    init(_ content: Content, from origin: Origin, over overridden: [Overridden] = []) {
        storage = Storage(content, origin, overridden, Needs(content))
    }

    private init(_ node: ConfigurationNode, over overridden: [Overridden]) {
        storage = Storage(node.content, node.origin, overridden, node.needs)
    }

    /// The same value, with the values that it replaces.
    func over(_ overridden: [Overridden]) -> ConfigurationNode { ConfigurationNode(self, over: overridden) }

    /// Whether it is the same value, not only an equal one. Cost: constant.
    func isIdentical(to other: ConfigurationNode) -> Bool { storage === other.storage }

    public static func == (a: Self, b: Self) -> Bool {
        a.isIdentical(to: b) || a.origin == b.origin && a.content == b.content && a.overridden == b.overridden
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(content)
        hasher.combine(origin)
    }

    /// The place and the block of a value.
    public struct Origin: Sendable, Hashable {
        public let position: YAMLPosition
        public let block: BlockID
        /// The text as it was written, if it is not the value: `${server.address}`.
        public let expression: String?

        init(_ position: YAMLPosition, _ block: BlockID, expression: String? = nil) {
            self.position = position
            self.block = block
            self.expression = expression
        }
    }

    /// A value that a later block has replaced.
    public struct Overridden: Sendable, Hashable {
        public let origin: Origin
        /// The value as JSON, cut if it is long; variables as they were written.
        @ExactText public private(set) var text: String
    }

    /// The tree with its children transformed; the same node if none changes.
    func mapping(_ transform: (ConfigurationNode) -> ConfigurationNode) -> ConfigurationNode {
        switch content {
        case .mapping(let pairs):
            let values = pairs.map { transform($0.value) }
            guard !zip(pairs, values).allSatisfy({ $0.value.isIdentical(to: $1) }) else { return self }
            return ConfigurationNode(
                .mapping(zip(pairs, values).map { Pair($0.key, $1) }), from: origin, over: overridden)
        case .list(let items):
            let values = items.map(transform)
            guard !zip(items, values).allSatisfy({ $0.isIdentical(to: $1) }) else { return self }
            return ConfigurationNode(.list(values), from: origin, over: overridden)
        case .scalar, .secret, .reference, .text: return self
        }
    }

    /// The value of a key in a mapping; `nil` if there is none. Searches the keys one by one; use `NodeIndex` for
    /// several lookups.
    public subscript(key: String) -> ConfigurationNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.isExactly(key) }?.value
    }
}
