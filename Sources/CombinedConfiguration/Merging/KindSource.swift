import Text
import YAML

/// How the kind of a value is found.
enum KindSource: Sendable, Hashable {
    case known(ValueKind)
    /// It is that of another value of the configuration.
    case of(ConfigurationPath)

    var known: ValueKind? { if case .known(let kind) = self { kind } else { nil } }
}

/// Two values, one in the place of the other, whose kinds can be compared only when all blocks are merged.
struct UndecidedKinds: Sendable, Hashable {
    let path: ConfigurationPath
    let old: KindSource
    let oldPosition: YAMLPosition
    let new: KindSource
    let newPosition: YAMLPosition

    /// What is wrong with the two in a merged tree.
    func problem(_ kinds: inout KindFinder) -> ConfigurationError? {
        guard let old = kinds.kind(of: old), let new = kinds.kind(of: new), !old.agrees(with: new) else { return nil }
        return .kinds(path, new.rawValue, newPosition, old.rawValue, oldPosition)
    }
}

/// Finds the kinds of values that have those of others; each value is followed once.
struct KindFinder {
    let index: NodeIndex
    private var found: [ConfigurationPath: ValueKind?] = [:]

    init(_ index: NodeIndex) { self.index = index }

    /// The kind that a source leads to; `nil` where it leads nowhere, which is told when the value is asked for.
    mutating func kind(of source: KindSource) -> ValueKind? {
        var source = source
        var way = [ConfigurationPath]()
        var kind: ValueKind?
        while case .of(let path) = source {
            if let known = found[path] {
                kind = known
                break
            }
            // A value on the way that is met again is one of a circle, and has no kind.
            found[path] = .some(nil)
            way.append(path)
            guard let node = index[path] else { break }
            source = node.content.kindSource
        }
        kind = kind ?? source.known
        for path in way { found[path] = .some(kind) }
        return kind
    }
}

extension ConfigurationNode.Content {
    var kindSource: KindSource {
        switch self {
        case .mapping: .known(.mapping)
        case .list: .known(.list)
        case .scalar(let scalar): .known(scalar.kind)
        case .secret, .text: .known(.text)
        case .reference(let reference, _): reference.kindSource
        }
    }
}

extension BlockValue {
    var kindSource: KindSource {
        switch content {
        case .mapping: .known(.mapping)
        case .list: .known(.list)
        case .secret, .scalar(.text): .known(.text)
        case .scalar(.literal(let scalar)): .known(scalar.kind)
        case .scalar(.reference(let reference)): reference.kindSource
        }
    }

    var kind: ValueKind? { kindSource.known }

    /// What was written, where that is not the value.
    var expression: String? {
        guard case .scalar(let template) = content else { return nil }
        return switch template {
        case .literal: nil
        case .reference(let reference): reference.description
        case .text(let parts): parts.map(\.description).joined()
        }
    }
}

extension Reference {
    fileprivate var kindSource: KindSource {
        if case .configuration(let path) = variable { return .of(path) }
        return .known(variable.kind ?? .text)
    }
}

extension YAMLScalar {
    var kind: ValueKind {
        switch resolved {
        case .null: .nothing
        case .boolean: .boolean
        case .integer, .number: .number
        case .string: .text
        }
    }
}
