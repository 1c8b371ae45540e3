import Text
import YAML

/// A value while blocks are merged into it: what a block does not touch is neither copied nor looked at.
final class MergedValue {
    enum Content {
        case mapping(MergedMapping)
        case list(MergedList)
        /// As one block has it.
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

    /// The value as it is now. Takes time by the size of what more than one block has brought.
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

    /// The mapping, to be merged into; `nil` where it is none.
    func mapping() -> MergedMapping? {
        if case .mapping(let mapping) = content { return mapping }
        guard case .untouched(let node) = content, case .mapping(let pairs) = node.content else { return nil }
        let mapping = MergedMapping(pairs)
        content = .mapping(mapping)
        return mapping
    }

    /// The list, to be appended to; `nil` where it is none.
    func list() -> MergedList? {
        if case .list(let list) = content { return list }
        guard case .untouched(let node) = content, case .list(let items) = node.content else { return nil }
        let list = MergedList(items)
        content = .list(list)
        return list
    }
}

/// Items of a list, to which blocks append.
final class MergedList {
    var items: [ConfigurationNode]

    init(_ items: [ConfigurationNode]) { self.items = items }
}

/// Keys and values in the order of the keys' coming; finding, adding and removing one take the same time however many
/// there are.
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
