public import Text
public import YAML

/// A value of a combined configuration, with where it comes from.
public struct ConfigurationNode: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
        case mapping([Pair])
        case list([ConfigurationNode])
        case scalar(YAMLScalar)
        /// The name of a secret.
        case secret(String)
        /// A variable that is not put in yet; in a list its items are, when it is `spliced`.
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

    public let content: Content
    public let origin: Origin
    /// What stood here before, the oldest first; of many the newest.
    public let overridden: [Overridden]
    /// Neither it nor anything in it waits for a variable.
    let isConstant: Bool
    /// Its JSON, of a mapping or list that is the same for many services.
    private(set) var constantJSON: [UInt8]?

    init(_ content: Content, from origin: Origin, over overridden: [Overridden] = []) {
        self.content = content
        self.origin = origin
        self.overridden = overridden
        isConstant =
            switch content {
            case .scalar, .secret: true
            case .reference, .text: false
            case .mapping(let pairs): pairs.allSatisfy(\.value.isConstant)
            case .list(let items): items.allSatisfy(\.isConstant)
            }
    }

    /// Where a value was written, and in which block.
    public struct Origin: Sendable, Hashable {
        public let position: YAMLPosition
        public let block: BlockID
        /// What was written, where that is not the value: `${server.address}`.
        public let expression: String?

        init(_ position: YAMLPosition, _ block: BlockID, expression: String? = nil) {
            self.position = position
            self.block = block
            self.expression = expression
        }
    }

    /// A value that a later block has taken the place of.
    public struct Overridden: Sendable, Hashable {
        public let origin: Origin
        /// As JSON, cut where it is long; variables as they were written.
        @ExactText public private(set) var text: String
    }

    /// The tree with the JSON of what in it waits for no variable, written once for all services.
    func preparingJSON() -> ConfigurationNode {
        switch content {
        case .mapping(let pairs) where !isConstant:
            return ConfigurationNode(
                .mapping(pairs.map { Pair($0.key, $0.value.preparingJSON()) }), from: origin, over: overridden)
        case .list(let items) where !isConstant:
            return ConfigurationNode(.list(items.map { $0.preparingJSON() }), from: origin, over: overridden)
        case .mapping, .list:
            var node = self
            node.constantJSON = json
            return node
        default: return self
        }
    }

    /// The value of a key of a mapping. Looks at one key after the other: `NodeIndex` is for more than one look.
    public subscript(key: String) -> ConfigurationNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.isExactly(key) }?.value
    }
}
