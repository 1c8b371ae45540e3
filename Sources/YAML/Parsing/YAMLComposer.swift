import Text

/// Builds nodes from events within the limits.
struct YAMLComposer {
    private let events: YAMLEvents
    // exact: a tag is ASCII for libyaml
    private let allowedTags: Set<String>
    private let limits: YAMLLimits
    // exact: an anchor is ASCII for libyaml
    private var anchors: [String: Anchor] = [:]
    private var total = Cost()

    /// The state of an anchor. A node under construction has no value yet; an alias to it would be a cycle.
    private enum Anchor {
        case open
        case done(Composed)
    }

    /// The cost of a node, which counts again wherever an alias repeats the node.
    private struct Cost {
        var nodes = 0
        /// Bytes of scalars.
        var text = 0

        static func += (a: inout Self, b: Self) {
            a.nodes += b.nodes
            a.text += b.text
        }
    }

    private struct Composed {
        let node: YAMLNode
        var cost: Cost
        /// The depth of nested lists and mappings.
        var height = 0
    }

    init(events: YAMLEvents, allowedTags: Set<String>, limits: YAMLLimits) {
        self.events = events
        self.allowedTags = allowedTags
        self.limits = limits
    }

    mutating func documents() throws(YAMLError) -> [YAMLNode] {
        var documents = [YAMLNode]()
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd:
                return documents
            case .documentStart:
                anchors.removeAll()
                documents.append(try compose(try events.next(), depth: 0).node)
            default:
                continue
            }
        }
    }

    private mutating func compose(_ event: YAMLEvents.Event, depth: Int) throws(YAMLError) -> Composed {
        if case .alias = event.kind { return try follow(event, depth: depth) }
        var own = Cost(nodes: 1)
        if case .scalar(let text, _) = event.kind { own.text = text.utf8.count }
        try count(own, at: event.position)
        if let anchor = event.anchor { anchors[anchor] = .open }
        let composed: Composed
        switch event.kind {
        case .scalar(let text, let isPlain):
            composed = Composed(node: try scalar(text, isPlain: isPlain, event), cost: own)
        case .sequenceStart:
            composed = try sequence(event, own, depth: depth)
        case .mappingStart:
            composed = try mapping(event, own, depth: depth)
        default:
            throw YAMLError(event.position, "expected a value")
        }
        if let anchor = event.anchor { anchors[anchor] = .done(composed) }
        return composed
    }

    private mutating func follow(_ event: YAMLEvents.Event, depth: Int) throws(YAMLError) -> Composed {
        let name = event.anchor ?? ""
        switch anchors[name] {
        case .done(let target):
            try count(target.cost, at: event.position)
            try checkDepth(depth + target.height, at: event.position)
            return target
        case .open:
            throw YAMLError(event.position, "the alias *\(name) stands inside the value that &\(name) names")
        case nil:
            throw YAMLError(event.position, "no anchor &\(name) before the alias *\(name)")
        }
    }

    private mutating func sequence(
        _ start: YAMLEvents.Event, _ own: Cost, depth: Int
    ) throws(YAMLError) -> Composed {
        try checkDepth(depth + 1, at: start.position)
        let tag = try localTag(start, standing: "tag:yaml.org,2002:seq")
        var items = [YAMLNode]()
        var cost = own
        var height = 0
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let item = try compose(event, depth: depth + 1)
            items.append(item.node)
            cost += item.cost
            height = max(height, item.height)
        }
        return Composed(
            node: YAMLNode(.sequence(items), at: start.position, tag: tag), cost: cost, height: height + 1)
    }

    private mutating func mapping(
        _ start: YAMLEvents.Event, _ own: Cost, depth: Int
    ) throws(YAMLError) -> Composed {
        try checkDepth(depth + 1, at: start.position)
        let tag = try localTag(start, standing: "tag:yaml.org,2002:map")
        var pairs = [YAMLPair]()
        var places = [ExactText: YAMLPosition]()
        var merge: (place: Int, pairs: [YAMLPair])?
        var cost = own
        var height = 0
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let composedKey = try compose(event, depth: depth + 1)
            let key = try key(composedKey.node, event: event)
            if let first = places.updateValue(key.position, forKey: ExactText(key.text)) {
                throw YAMLError(
                    key.position,
                    "the key \(key.text.printed(atMost: 40)) is there already, at \(first.text(seenFrom: key.position))"
                )
            }
            let value = try compose(try events.next(), depth: depth + 1)
            if composedKey.node.scalar == YAMLScalar(text: "<<", isPlain: true), !limits.isStored {
                merge = (pairs.count, try Self.merged(value.node))
            } else {
                pairs.append(YAMLPair(key: key, value: value.node))
            }
            cost += composedKey.cost
            cost += value.cost
            height = max(height, value.height)
        }
        if let merge {
            // The mapping's own keys come first. If several merged mappings have a key, the first one counts.
            let kept = merge.pairs.filter { places.updateValue($0.key.position, forKey: ExactText($0.key.text)) == nil }
            pairs.insert(contentsOf: kept, at: merge.place)
        }
        return Composed(
            node: YAMLNode(.mapping(pairs), at: start.position, tag: tag), cost: cost, height: height + 1)
    }

    /// The pairs that `<<` adds (https://yaml.org/type/merge.html): those of a mapping, or of each mapping in a list.
    private static func merged(_ node: YAMLNode) throws(YAMLError) -> [YAMLPair] {
        let nodes: [YAMLNode] =
            if case .sequence(let items) = node.content, node.tag == nil { items } else { [node] }
        var pairs = [YAMLPair]()
        for node in nodes {
            guard case .mapping(let more) = node.content, node.tag == nil else {
                throw YAMLError(
                    node.position,
                    "the key << merges a mapping or a list of mappings, not \(node.tag.map { $0 + " " } ?? "")"
                        + "\(node.summary); quote it if it is meant as a name")
            }
            pairs += more
        }
        return pairs
    }

    private func key(_ node: YAMLNode, event: YAMLEvents.Event) throws(YAMLError) -> YAMLKey {
        if let tag = node.tag {
            throw YAMLError(event.position, "\(tag) has no meaning on a key; it stands before a value")
        }
        guard let scalar = node.scalar else {
            throw YAMLError(event.position, "a key must be a word or a number, not \(node.summary)")
        }
        guard !(scalar.isPlain && scalar.text.isEmpty) else {
            throw YAMLError(event.position, "a key is missing before \":\"")
        }
        guard !event.followsQuestionMark || limits.isStored else {
            throw YAMLError(
                event.position,
                "the \"?\" right before this key is part of it for some readers of YAML and not for others; quote the key"
            )
        }
        return YAMLKey(scalar.text, at: event.position)
    }

    private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvents.Event) throws(YAMLError) -> YAMLNode {
        func node(isPlain: Bool, tag: String? = nil) -> YAMLNode {
            YAMLNode(.scalar(YAMLScalar(text: text, isPlain: isPlain)), at: event.position, tag: tag)
        }
        switch event.tag {
        case nil:
            let plain = node(isPlain: isPlain)
            if !limits.isStored, let fault = plain.scalar?.numberFault { throw YAMLError(event.position, fault) }
            return plain
        case "!", "tag:yaml.org,2002:str": return node(isPlain: false)
        default: return node(isPlain: isPlain, tag: try localTag(event, standing: nil))
        }
    }

    /// The node's tag; `nil` if it is the node's default one.
    private func localTag(_ event: YAMLEvents.Event, standing: String?) throws(YAMLError) -> String? {
        guard let tag = event.tag, tag != standing, tag != "!" else { return nil }
        guard allowedTags.contains(tag) else {
            let core = "tag:yaml.org,2002:"
            let shown = tag.hasBytePrefix(core) ? "!!" + Substring(tag.utf8.dropFirst(core.utf8.count)) : tag
            throw YAMLError(event.position, "the tag \(shown.printed(atMost: 40)) is not known here")
        }
        return tag
    }

    private mutating func count(_ more: Cost, at position: YAMLPosition) throws(YAMLError) {
        total += more
        guard total.nodes <= limits.nodes else {
            throw YAMLError(position, "more than \(limits.nodes) values, aliases followed")
        }
        guard total.text <= limits.text else {
            throw YAMLError(position, "more than \(limits.text) bytes of text, aliases followed")
        }
    }

    private func checkDepth(_ depth: Int, at position: YAMLPosition) throws(YAMLError) {
        guard depth <= limits.depth else {
            throw YAMLError(position, "more than \(limits.depth) lists and mappings inside one another")
        }
    }
}
