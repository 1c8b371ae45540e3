import YAML

/// Merges blocks one after the other into one tree.
///
/// Mappings merge deeply, single values replace one another, lists and mappings say by a marker what becomes of a list or
/// mapping that is there. What has no place stays out and is reported.
struct BlockMerger {
    private(set) var errors: [ConfigurationError] = []
    private(set) var deleted: [DeletedValue] = []
    /// Pairs of values of which one has the kind of another value, to be compared when that is known.
    private(set) var undecided: [UndecidedKinds] = []

    mutating func merge(_ block: ConfigurationBlock, into root: ConfigurationNode?) -> ConfigurationNode? {
        merged(root, block.values, block.id, [])
    }

    private mutating func merged(
        _ base: ConfigurationNode?, _ value: BlockValue, _ block: BlockID, _ path: [String]
    ) -> ConfigurationNode? {
        if value.marker == .delete {
            if let base { deleted.append(DeletedValue(path: path, node: base, by: .init(value.position, block))) }
            return nil
        }
        guard let base else { return fresh(value, block, path) }
        guard agree(base, value, path) else { return base }
        switch (base.content, value.content) {
        case (.mapping(let pairs), .mapping(let new)) where value.marker == nil:
            let origin = pairs.isEmpty ? Origin(value.position, block) : base.origin
            return ConfigurationNode(.mapping(merged(pairs, new, block, path)), from: origin, over: base.overridden)
        case (.list(let items), _) where value.marker == .append:
            guard case .list(let more) = fresh(value, block, path).content else { return base }
            let origin = items.isEmpty ? Origin(value.position, block) : base.origin
            return ConfigurationNode(.list(items + more), from: origin, over: base.overridden)
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
            let chain = base.overridden + [Overridden(origin: base.origin, text: base.text(atMost: 200))]
            return fresh(value, block, path, over: chain)
        }
    }

    private mutating func merged(
        _ pairs: [ConfigurationNode.Pair], _ new: [BlockValue.Pair], _ block: BlockID, _ path: [String]
    ) -> [ConfigurationNode.Pair] {
        var pairs = pairs
        var places = [String: Int](minimumCapacity: pairs.count + new.count)
        for (place, pair) in pairs.enumerated() { places[pair.key] = place }
        var gone = Set<Int>()
        for pair in new {
            let place = places[pair.key]
            let value = merged(place.map { pairs[$0].value }, pair.value, block, path + [pair.key])
            switch (place, value) {
            case (let place?, let value?): pairs[place] = .init(pair.key, value)
            case (let place?, nil): gone.insert(place)
            case (nil, let value?): pairs.append(.init(pair.key, value))
            case (nil, nil): break
            }
        }
        return gone.isEmpty ? pairs : pairs.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
    }

    /// A value where there is none, or in the place of what was there.
    private mutating func fresh(
        _ value: BlockValue, _ block: BlockID, _ path: [String], over overridden: [Overridden] = []
    ) -> ConfigurationNode {
        let origin = Origin(value.position, block, expression: value.expression)
        let content: ConfigurationNode.Content =
            switch value.content {
            case .mapping(let pairs): .mapping(merged([], pairs, block, path))
            case .list(let items): .list(items.map { fresh($0, block, path) })
            case .secret(let name): .secret(name)
            case .scalar(.literal(let scalar)): .scalar(scalar)
            case .scalar(.text(let parts)): .text(parts)
            case .scalar(.reference(let reference)) where reference.variable.kind == .list:
                .list([ConfigurationNode(.reference(reference, spliced: true), from: origin)])
            case .scalar(.reference(let reference)): .reference(reference, spliced: false)
            }
        return ConfigurationNode(content, from: origin, over: overridden)
    }

    /// Whether the value may stand where `base` is: kinds stay what they are.
    private mutating func agree(_ base: ConfigurationNode, _ value: BlockValue, _ path: [String]) -> Bool {
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
    public let path: [String]
    public let node: ConfigurationNode
    public let by: ConfigurationNode.Origin
}

extension ConfigurationError {
    /// A value whose kind changes between two blocks.
    static func kinds(
        _ path: [String], _ new: String, _ newPosition: YAMLPosition, _ old: String, _ oldPosition: YAMLPosition
    ) -> ConfigurationError {
        let name = path.dotted
        return ConfigurationError(
            newPosition, "\"\(name)\" is \(new) here, but \(old) at \(oldPosition)", other: oldPosition,
            otherMessage: "\"\(name)\" is \(old) here, but \(new) at \(newPosition)")
    }
}

extension Array<String> {
    /// The keys as people write them: `logging.targets`.
    var dotted: String { joined(separator: ".") }
}
