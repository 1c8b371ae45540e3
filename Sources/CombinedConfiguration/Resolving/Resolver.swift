import Text
import YAML

/// Resolves the variables of a template for one service. Cost: grows with the size of the template and of the result,
/// which is limited.
struct Resolver<Source: VariableSource> {
    private let references: ConfigurationReferences
    private let source: Source
    private(set) var errors: [ConfigurationError] = []
    /// The resolved values of the configuration itself, by path.
    private var known: [ConfigurationPath: Found?] = [:]
    /// The number of bytes that variables may still add: they are in memory before the JSON can be measured.
    private var room = 4 * ConfigurationTemplate.largest

    fileprivate enum Found {
        case scalar(YAMLScalar)
        case list([String])
        case secret(SecretReference)
    }

    init(_ template: ConfigurationTemplate, _ source: Source) {
        references = template.references
        self.source = source
    }

    /// A node of the template with its variables resolved. One without a value is left out and reported.
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
                case .secret(let secret): .secret(secret)
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
            guard text.utf8.count <= ConfigurationTemplate.longestText else {
                return fail(
                    origin, "the text has more than \(ConfigurationTemplate.longestText) bytes with its variables")
            }
        }
        return YAMLScalar(text: text, isPlain: false)
    }

    private mutating func fail<Value>(_ origin: ConfigurationNode.Origin, _ message: String) -> Value? {
        if errors.count < ConfigurationTemplate.mostErrors {
            errors.append(ConfigurationError(origin.position, message))
        }
        return nil
    }

    /// The value of a reference, as long as there is room for it.
    private mutating func found(_ reference: Reference, _ origin: ConfigurationNode.Origin) -> Found? {
        guard room >= 0, let found = value(reference, origin) else { return nil }
        room -= found.size
        guard room >= 0 else {
            return fail(
                origin,
                "\"\(reference)\": the configuration has more than \(ConfigurationTemplate.largest) bytes with its "
                    + "variables")
        }
        return found
    }

    private mutating func value(_ reference: Reference, _ origin: ConfigurationNode.Origin) -> Found? {
        if case .configuration(let path) = reference.variable {
            guard let target = references.targets[path] else {
                if let fallback = reference.fallback { return Found(fallback) }
                return fail(origin, "\"\(reference)\": the configuration has no value \"\(path.dotted)\"")
            }
            return value(target, at: path, asked: reference, origin)
        }
        switch source.value(of: reference.variable) {
        case .value(let value): return Found(value)
        case .undefined(let reason):
            return reference.fallback.map { Found($0) } ?? fail(origin, "\"\(reference)\": \(reason)")
        }
    }

    /// Another value of the configuration, which must be a single one. It follows chains of values, whose length
    /// `ConfigurationReferences` limits.
    private mutating func value(
        _ target: ConfigurationNode, at path: ConfigurationPath, asked reference: Reference,
        _ origin: ConfigurationNode.Origin
    ) -> Found? {
        if let found = known[path] { return found }
        guard !references.blocked.contains(path) else { return nil }
        let result: Found?
        switch target.content {
        case .scalar(let scalar): result = .scalar(scalar)
        case .secret(let secret): result = .secret(secret)
        case .mapping, .list:
            let kind = target.content.kindSource.known?.rawValue ?? ""
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

    /// The size in bytes, with an overhead for each item.
    fileprivate var size: Int {
        switch self {
        case .scalar(let scalar): scalar.text.utf8.count
        case .secret(let secret): secret.name.utf8.count
        case .list(let items): items.reduce(0) { $0 + $1.utf8.count + 3 }
        }
    }
}
