import Text
import YAML

/// A value into which blocks are being merged. Parts that a block does not change are neither copied nor examined.
final class MergedValue {
    enum Content {
        case mapping(MergedMapping)
        case list(MergedList)
        /// The value of a single block, unchanged.
        case untouched(ConfigurationNode)
    }

    private(set) var content: Content
    var origin: ConfigurationNode.Origin
    let overridden: [ConfigurationNode.Overridden]

    init(_ node: ConfigurationNode) {
        content = .untouched(node)
        origin = node.origin
        overridden = node.overridden
    }

    /// The present value. Cost: grows with the size of what several blocks have contributed.
    var node: ConfigurationNode {
        switch content {
        case .mapping(let mapping): ConfigurationNode(.mapping(mapping.pairs), from: origin, over: overridden)
        case .list(let list): ConfigurationNode(.list(list.items), from: origin, over: overridden)
        case .untouched(let node): node
        }
    }

    var kindSource: KindSource {
        switch content {
        case .mapping: .known(.mapping)
        case .list: .known(.list)
        case .untouched(let node): node.content.kindSource
        }
    }

    /// The mapping to merge into; `nil` if the value is no mapping.
    func mapping() -> MergedMapping? {
        if case .mapping(let mapping) = content { return mapping }
        guard case .untouched(let node) = content, case .mapping(let pairs) = node.content else { return nil }
        let mapping = MergedMapping(pairs)
        content = .mapping(mapping)
        return mapping
    }

    /// The list to append to; `nil` if the value is no list.
    func list() -> MergedList? {
        if case .list(let list) = content { return list }
        guard case .untouched(let node) = content, case .list(let items) = node.content else { return nil }
        let list = MergedList(items)
        content = .list(list)
        return list
    }
}

/// The items of a list to which blocks append.
final class MergedList {
    var items: [ConfigurationNode]

    init(_ items: [ConfigurationNode]) { self.items = items }
}

/// Keys and values in the order in which the keys were added. Finding, adding and removing a key take constant time.
final class MergedMapping {
    private var entries: [(key: ExactText, value: MergedValue?)] = []
    private var places: [ExactText: Int] = [:]

    var isEmpty: Bool { places.isEmpty }

    init(_ pairs: [ConfigurationNode.Pair]) {
        places.reserveCapacity(pairs.count)
        for pair in pairs { self[ExactText(wrappedValue: pair.key)] = MergedValue(pair.value) }
    }

    var pairs: [ConfigurationNode.Pair] {
        entries.compactMap { entry in entry.value.map { .init(entry.key.wrappedValue, $0.node) } }
    }

    subscript(key: ExactText) -> MergedValue? {
        get { places[key].flatMap { entries[$0].value } }
        set {
            switch (places[key], newValue) {
            case (let place?, let value?): entries[place].value = value
            case (let place?, nil):
                entries[place].value = nil
                places[key] = nil
            case (nil, let value?):
                places[key] = entries.count
                entries.append((key, value))
            case (nil, nil): break
            }
        }
    }
}
