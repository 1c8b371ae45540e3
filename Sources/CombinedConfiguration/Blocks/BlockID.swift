/// A block of values by where it is written: the blocks of all files are merged in the order of these.
public struct BlockID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The service type whose file has the block.
    public let type: String
    public let sortOrder: Int
    /// Its place in the `config` list of the file, from 1.
    public let number: Int

    public init(type: String, sortOrder: Int, number: Int) {
        self.type = type
        self.sortOrder = sortOrder
        self.number = number
    }

    /// By sort order; ties by type name, then by the place in the file.
    public static func < (a: Self, b: Self) -> Bool {
        (a.sortOrder, a.type, a.number) < (b.sortOrder, b.type, b.number)
    }

    /// `logger 1000`
    public var description: String { "\(type) \(sortOrder)" }
}

/// A block of values, read.
public struct ConfigurationBlock: Sendable, Hashable {
    public let id: BlockID
    public let values: BlockValue
    /// The values where nothing was before, made once for all templates that they go to.
    let tree: ConfigurationNode

    /// - Parameter values: A mapping.
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
