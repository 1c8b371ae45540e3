import YAML

/// Puts the values of variables into a merged tree.
struct Resolver<Source: VariableSource> {
    private let root: ConfigurationNode
    private let source: Source
    private(set) var errors: [ConfigurationError] = []
    /// Values of the configuration itself that were asked for, by their keys.
    private var known: [[String]: Found?] = [:]
    /// Those that are being found, the outermost first: one that is asked for again leads back to itself.
    private var open: [[String]] = []

    /// Bytes of a text with all its variables: texts that contain others can grow beyond measure.
    private static var longestText: Int { 64 << 10 }

    fileprivate enum Found {
        case scalar(YAMLScalar)
        case list([String])
        case secret(String)
    }

    init(root: ConfigurationNode, source: Source) {
        self.root = root
        self.source = source
    }

    /// The tree without variables; where one has no value there is nothing in its place and an error more.
    mutating func resolved() -> ConfigurationNode { resolved(root) }

    /// A node of the tree without variables.
    mutating func resolved(_ node: ConfigurationNode) -> ConfigurationNode {
        guard !node.isConstant else { return node }
        switch node.content {
        case .scalar, .secret: return node
        case .mapping(let pairs):
            var resolvedPairs = [ConfigurationNode.Pair]()
            resolvedPairs.reserveCapacity(pairs.count)
            for pair in pairs { resolvedPairs.append(.init(pair.key, resolved(pair.value))) }
            return ConfigurationNode(.mapping(resolvedPairs), from: node.origin, over: node.overridden)
        case .list(let items):
            var resolvedItems = [ConfigurationNode]()
            resolvedItems.reserveCapacity(items.count)
            for item in items {
                if case .reference(let reference, spliced: true) = item.content {
                    resolvedItems += spliced(reference, item.origin)
                } else {
                    resolvedItems.append(resolved(item))
                }
            }
            return ConfigurationNode(.list(resolvedItems), from: node.origin, over: node.overridden)
        case .reference(let reference, _):
            let content: ConfigurationNode.Content =
                switch found(reference, node.origin) {
                case .scalar(let scalar): .scalar(scalar)
                case .secret(let name): .secret(name)
                case .list(let texts): .list(texts.map { Self.item($0, node.origin) })
                case nil: .scalar(Self.nothing)
                }
            return ConfigurationNode(content, from: node.origin, over: node.overridden)
        case .text(let parts):
            let text = self.text(parts, node.origin) ?? Self.nothing
            return ConfigurationNode(.scalar(text), from: node.origin, over: node.overridden)
        }
    }

    private static var nothing: YAMLScalar { YAMLScalar(text: "", isPlain: true) }

    private static func item(_ text: String, _ origin: ConfigurationNode.Origin) -> ConfigurationNode {
        ConfigurationNode(.scalar(YAMLScalar(text: text, isPlain: false)), from: origin)
    }

    private mutating func spliced(_ reference: Reference, _ origin: ConfigurationNode.Origin) -> [ConfigurationNode] {
        guard case .list(let texts)? = found(reference, origin) else { return [] }
        return texts.map { Self.item($0, origin) }
    }

    private mutating func text(_ parts: [ScalarTemplate.Part], _ origin: ConfigurationNode.Origin) -> YAMLScalar? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .reference(let reference):
                guard let found = found(reference, origin) else { return nil }
                switch found {
                case .scalar(let scalar) where scalar.resolved != .null: text += scalar.text
                case .scalar: return fail(origin, "\"\(reference)\" is nothing, which cannot be part of a text")
                case .list: return fail(origin, "\"\(reference)\" is a list, which cannot be part of a text")
                case .secret: return fail(origin, "\"\(reference)\" is a secret, which cannot be part of a text")
                }
            }
            guard text.utf8.count <= Self.longestText else {
                return fail(origin, "the text has more than \(Self.longestText) bytes with its variables")
            }
        }
        return YAMLScalar(text: text, isPlain: false)
    }

    private mutating func fail<Value>(_ origin: ConfigurationNode.Origin, _ message: String) -> Value? {
        errors.append(ConfigurationError(origin.position, message))
        return nil
    }

    private mutating func found(_ reference: Reference, _ origin: ConfigurationNode.Origin) -> Found? {
        let reason: String
        if case .configuration(let path) = reference.variable {
            guard let target = root[path: path] else {
                if let fallback = reference.fallback { return Found(fallback) }
                return fail(origin, "\"\(reference)\": the configuration has no value \"\(path.dotted)\"")
            }
            return found(target, at: path, asked: reference, origin)
        }
        switch source.value(of: reference.variable) {
        case .value(let value): return Found(value)
        case .undefined(let text): reason = text
        }
        if let fallback = reference.fallback { return Found(fallback) }
        return fail(origin, "\"\(reference)\": \(reason)")
    }

    /// Another value of the configuration, which must be a single one.
    private mutating func found(
        _ target: ConfigurationNode, at path: [String], asked reference: Reference, _ origin: ConfigurationNode.Origin
    ) -> Found? {
        if let found = known[path] { return found }
        if let start = open.firstIndex(of: path) {
            let way = (open[start...] + [path]).map(\.dotted).joined(separator: " → ")
            return fail(origin, "\"\(reference)\" leads back to itself: \(way)")
        }
        open.append(path)
        defer { open.removeLast() }
        let result: Found?
        switch target.content {
        case .scalar(let scalar): result = .scalar(scalar)
        case .secret(let name): result = .secret(name)
        case .mapping, .list:
            let kind = target.kindSource.known?.rawValue ?? ""
            return fail(
                origin,
                "\"\(reference)\" is \(kind) (\(target.origin.position)); only a single value can be referred to")
        case .reference(let reference, _): result = found(reference, target.origin)
        case .text(let parts): result = text(parts, target.origin).map { .scalar($0) }
        }
        known[path] = .some(result)
        return result
    }
}

extension Resolver.Found {
    fileprivate init(_ value: VariableValue) {
        switch value {
        case .scalar(let scalar): self = .scalar(scalar)
        case .list(let items): self = .list(items)
        }
    }
}
