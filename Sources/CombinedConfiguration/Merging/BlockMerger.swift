public import Text
import YAML

/// Merges blocks one after the other into one tree.
///
/// Mappings are merged deeply, and single values replace each other. For a list, or a mapping, a marker tells what
/// happens to a present one. A value that does not fit is left out and reported. Cost: grows with the size of what
/// several blocks share; a part that only one block has is inserted as it is.
struct BlockMerger {
    private(set) var errors: [ConfigurationError] = []
    private(set) var deleted: [DeletedValue] = []
    /// Pairs of values of which at least one takes its kind from another value. They are compared when that kind is
    /// known.
    private(set) var undecided: [UndecidedKinds] = []
    private(set) var root: MergedValue?

    /// How many of the values that were replaced at one place are kept, the newest first.
    private static var longestHistory: Int { 100 }

    /// The path of keys to the current value.
    private var path: ConfigurationPath = []

    mutating func merge(_ block: ConfigurationBlock) {
        root = merged(root, block.values, block.tree, block.id) ?? root
    }

    /// - Parameter node: the value if there is none before it; `nil` for a deletion.
    private mutating func merged(
        _ base: MergedValue?, _ value: BlockValue, _ node: ConfigurationNode?, _ block: BlockID
    ) -> MergedValue? {
        guard let node else {
            if let base { deleted.append(DeletedValue(path: path, node: base.node, by: .init(value.position, block))) }
            return nil
        }
        guard let base else { return MergedValue(node) }
        guard agree(base, value) else { return base }
        switch (value.content, node.content) {
        case (.mapping(let values), .mapping(let nodes)) where value.marker == nil:
            guard let mapping = base.mapping() else { break }
            if mapping.isEmpty { base.origin = node.origin }
            merge(values, nodes, into: mapping, block)
            return base
        case (_, .list(let more)) where value.marker == .append:
            guard let list = base.list() else { break }
            if list.items.isEmpty { base.origin = Origin(value.position, block) }
            list.items += more
            return base
        case (_, .list) where value.marker == nil && value.kind == .list:
            guard case .known(.list) = base.kindSource else { break }
            let name = path.dotted
            errors.append(
                ConfigurationError(
                    value.position,
                    "\"\(name)\" is a list at \(base.origin.position) already; say !append or !replace",
                    other: base.origin.position,
                    otherMessage: "\"\(name)\" is given again at \(value.position), which must say !append or !replace"
                ))
            return base
        default: break
        }
        let before = Overridden(origin: base.origin, text: base.node.text(atMost: 200))
        return MergedValue(node.over(base.overridden.suffix(Self.longestHistory - 1) + [before]))
    }

    /// - Parameter nodes: the values if there are none before them, without deletions.
    private mutating func merge(
        _ values: [BlockValue.Pair], _ nodes: [ConfigurationNode.Pair], into mapping: MergedMapping, _ block: BlockID
    ) {
        var rest = nodes[...]
        for pair in values {
            let key = ExactText(wrappedValue: pair.key)
            let node = pair.value.marker == .delete ? nil : rest.popFirst()?.value
            path.append(key)
            mapping[key] = merged(mapping[key], pair.value, node, block)
            path.removeLast()
        }
    }

    /// Whether the value may replace `base`, which must be of the same kind.
    private mutating func agree(_ base: MergedValue, _ value: BlockValue) -> Bool {
        let (old, new) = (base.kindSource, value.kindSource)
        if case .known(let old) = old, case .known(let new) = new {
            guard !old.agrees(with: new) else { return true }
            errors.append(.kinds(path, new.rawValue, value.position, old.rawValue, base.origin.position))
            return false
        }
        // If a value takes its kind from another, the kind is known later, but it can only be a single value.
        for (one, other) in [(old, new), (new, old)] {
            if case .known(let kind) = one, case .of = other, !kind.isScalar {
                let single = "a single value"
                errors.append(
                    .kinds(
                        path, new.known?.rawValue ?? single, value.position, old.known?.rawValue ?? single,
                        base.origin.position))
                return false
            }
        }
        undecided.append(
            UndecidedKinds(
                path: path, old: old, oldPosition: base.origin.position, new: new, newPosition: value.position))
        return true
    }

    typealias Origin = ConfigurationNode.Origin
    typealias Overridden = ConfigurationNode.Overridden
}

/// A value that a block has deleted.
public struct DeletedValue: Sendable, Hashable {
    /// The path of keys to the value.
    let path: ConfigurationPath
    /// The value before it was deleted.
    public let node: ConfigurationNode
    /// The place of the deletion.
    public let by: ConfigurationNode.Origin
}

extension ConfigurationError {
    /// A value has different kinds in two blocks.
    static func kinds(
        _ path: ConfigurationPath, _ new: String, _ newPosition: YAMLPosition, _ old: String,
        _ oldPosition: YAMLPosition
    ) -> ConfigurationError {
        let name = path.dotted
        return ConfigurationError(
            newPosition, "\"\(name)\" is \(new) here, but \(old) at \(oldPosition)", other: oldPosition,
            otherMessage: "\"\(name)\" is \(old) here, but \(new) at \(newPosition)")
    }
}

/// The path of keys to a value of a configuration.
public typealias ConfigurationPath = [ExactText]

extension ConfigurationPath {
    /// The path as people write it: `logging.targets`.
    var dotted: String { lazy.map(\.wrappedValue).joined(separator: ".") }
}
