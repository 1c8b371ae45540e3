/// The identity of a block, by its place. The blocks of all files are merged in the order of their ids.
public struct BlockID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The service type whose file has the block.
    public let type: String
    /// The block's `sort-order`.
    public let sortOrder: Int
    /// The position in the file's `config` list, from 1.
    public let number: Int

    public init(type: String, sortOrder: Int, number: Int) {
        self.type = type
        self.sortOrder = sortOrder
        self.number = number
    }

    /// Orders by sort order, then by type name, then by position in the file.
    public static func < (a: Self, b: Self) -> Bool {
        (a.sortOrder, a.type, a.number) < (b.sortOrder, b.type, b.number)
    }

    /// `logger 1000`
    public var description: String { "\(type) \(sortOrder)" }
}

/// A block of values.
public struct ConfigurationBlock: Sendable, Hashable {
    public let id: BlockID
    public let values: BlockValue
    /// The values as a tree that is not merged with anything; made once for all templates that include the block.
    let tree: ConfigurationNode

    /// - Parameter values: a mapping.
    public init(id: BlockID, values: BlockValue) {
        self.id = id
        self.values = values
        let origin = ConfigurationNode.Origin(values.position, id)
        tree = values.node(in: id) ?? ConfigurationNode(.mapping([]), from: origin)
    }

    public static func == (a: Self, b: Self) -> Bool { a.id == b.id && a.values == b.values }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(values)
    }
}
