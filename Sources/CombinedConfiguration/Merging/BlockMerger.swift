import Text
import YAML

/// Merges blocks one after the other into one tree.
///
/// Mappings merge deeply, single values replace one another, lists and mappings say by a marker what becomes of a list or
/// mapping that is there. What has no place stays out and is reported. Takes time by the size of the blocks.
struct BlockMerger {
    private(set) var errors: [ConfigurationError] = []
    private(set) var deleted: [DeletedValue] = []
    /// Pairs of values of which one has the kind of another value, to be compared when that is known.
    private(set) var undecided: [UndecidedKinds] = []
    private(set) var root: MergedValue?

    /// Values that are kept of those that stood at one place, the newest.
    private static var longestHistory: Int { 100 }

    mutating func merge(_ block: ConfigurationBlock) {
        root = merged(root, block.values, block.id, []) ?? root
    }

    private mutating func merged(
        _ base: MergedValue?, _ value: BlockValue, _ block: BlockID, _ path: ConfigurationPath
    ) -> MergedValue? {
        if value.marker == .delete {
            if let base { deleted.append(DeletedValue(path: path, node: base.node, by: .init(value.position, block))) }
            return nil
        }
        guard let base else { return fresh(value, block, path) }
        guard agree(base, value, path) else { return base }
        switch (base.content, value.content) {
        case (.mapping(let mapping), .mapping(let new)) where value.marker == nil:
            if mapping.isEmpty { base.origin = Origin(value.position, block) }
            merge(new, into: mapping, block, path)
            return base
        case (.list(let list), _) where value.marker == .append:
            guard case .list(let more) = fresh(value, block, path).content else { return base }
            if list.items.isEmpty { base.origin = Origin(value.position, block) }
            list.items += more.items
            return base
        case (.list, _) where value.marker == nil && value.kind == .list:
            let name = path.dotted
            errors.append(
                ConfigurationError(
                    value.position,
                    "\"\(name)\" is a list at \(base.origin.position) already; say !append or !replace",
                    other: base.origin.position,
                    otherMessage: "\"\(name)\" is given again at \(value.position), which must say !append or !replace"
                ))
            return base
        default:
            let before = Overridden(origin: base.origin, text: base.node.text(atMost: 200))
            return fresh(value, block, path, over: base.overridden.suffix(Self.longestHistory - 1) + [before])
        }
    }

    private mutating func merge(
        _ new: [BlockValue.Pair], into mapping: MergedMapping, _ block: BlockID, _ path: ConfigurationPath
    ) {
        for pair in new {
            let key = ExactText(pair.key)
            mapping[key] = merged(mapping[key], pair.value, block, path + [key])
        }
    }

    /// A value where there is none, or in the place of what was there.
    private mutating func fresh(
        _ value: BlockValue, _ block: BlockID, _ path: ConfigurationPath, over overridden: [Overridden] = []
    ) -> MergedValue {
        let origin = Origin(value.position, block, expression: value.expression)
        let content: MergedValue.Content
        switch value.content {
        case .mapping(let pairs):
            let mapping = MergedMapping()
            merge(pairs, into: mapping, block, path)
            content = .mapping(mapping)
        case .list(let items): content = .list(MergedList(items.map { fresh($0, block, path).node }))
        case .secret(let name): content = .single(.secret(name))
        case .scalar(.literal(let scalar)): content = .single(.scalar(scalar))
        case .scalar(.text(let parts)): content = .single(.text(parts))
        case .scalar(.reference(let reference)) where reference.variable.kind == .list:
            content = .list(MergedList([ConfigurationNode(.reference(reference, spliced: true), from: origin)]))
        case .scalar(.reference(let reference)): content = .single(.reference(reference, spliced: false))
        }
        return MergedValue(content, from: origin, over: overridden)
    }

    /// Whether the value may stand where `base` is: kinds stay what they are.
    private mutating func agree(_ base: MergedValue, _ value: BlockValue, _ path: ConfigurationPath) -> Bool {
        let (old, new) = (base.kindSource, value.kindSource)
        if case .known(let old) = old, case .known(let new) = new {
            guard !old.agrees(with: new) else { return true }
            errors.append(.kinds(path, new.rawValue, value.position, old.rawValue, base.origin.position))
            return false
        }
        // The kind of a value that is another's is known later, but it is that of a single value.
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

/// A value that a block has taken out.
public struct DeletedValue: Sendable, Hashable {
    /// The keys that lead to it.
    let path: ConfigurationPath
    public let node: ConfigurationNode
    public let by: ConfigurationNode.Origin
}

extension ConfigurationError {
    /// A value whose kind changes between two blocks.
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

/// The keys that lead to a value of a configuration.
public typealias ConfigurationPath = [ExactText]

extension ConfigurationPath {
    /// The keys as people write them: `logging.targets`.
    var dotted: String { lazy.map(\.wrappedValue).joined(separator: ".") }
}
