import Text
import YAML

/// A value while blocks are merged into it: what a block does not touch is neither copied nor looked at.
final class MergedValue {
    enum Content {
        case mapping(MergedMapping)
        case list(MergedList)
        /// Neither a mapping nor a list.
        case single(ConfigurationNode.Content)
    }

    var content: Content
    var origin: ConfigurationNode.Origin
    let overridden: [ConfigurationNode.Overridden]

    init(_ content: Content, from origin: ConfigurationNode.Origin, over overridden: [ConfigurationNode.Overridden]) {
        self.content = content
        self.origin = origin
        self.overridden = overridden
    }

    /// The value as it is now. Takes time by the size of the value.
    var node: ConfigurationNode {
        let content: ConfigurationNode.Content =
            switch content {
            case .mapping(let mapping): .mapping(mapping.pairs)
            case .list(let list): .list(list.items)
            case .single(let content): content
            }
        return ConfigurationNode(content, from: origin, over: overridden)
    }

    var kindSource: KindSource {
        switch content {
        case .mapping: .known(.mapping)
        case .list: .known(.list)
        case .single(let content): content.kindSource
        }
    }
}

/// Items of a list, to which blocks append.
final class MergedList {
    var items: [ConfigurationNode]

    init(_ items: [ConfigurationNode]) { self.items = items }
}

/// Keys and values in the order of the keys' coming; finding, adding and removing one take the same time however many there
/// are.
final class MergedMapping {
    private var entries: [(key: ExactText, value: MergedValue?)] = []
    private var places: [ExactText: Int] = [:]

    var isEmpty: Bool { places.isEmpty }

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
