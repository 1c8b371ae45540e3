import Text
import YAML

/// How the kind of a value is determined.
enum KindSource: Sendable, Hashable {
    case known(ValueKind)
    /// By another value of the configuration.
    case of(ConfigurationPath)

    var known: ValueKind? { if case .known(let kind) = self { kind } else { nil } }
}

/// Two values, one replacing the other, whose kinds can be compared only when all blocks are merged.
struct UndecidedKinds: Sendable, Hashable {
    let path: ConfigurationPath
    let old: KindSource
    let oldPosition: YAMLPosition
    let new: KindSource
    let newPosition: YAMLPosition

    /// What is wrong with the pair in a merged tree; `nil` if the kinds agree.
    func problem(_ kinds: inout KindFinder) -> ConfigurationError? {
        guard let old = kinds.kind(of: old), let new = kinds.kind(of: new), !old.agrees(with: new) else { return nil }
        return .kinds(path, new.rawValue, newPosition, old.rawValue, oldPosition)
    }
}

/// Finds the kinds of values that take theirs from others. Each value is followed once.
struct KindFinder {
    let index: NodeIndex
    private var found: [ConfigurationPath: ValueKind?] = [:]

    init(_ index: NodeIndex) { self.index = index }

    /// The kind of a source; `nil` if the source leads nowhere, which is reported when the value is resolved.
    mutating func kind(of source: KindSource) -> ValueKind? {
        var source = source
        var way = [ConfigurationPath]()
        var kind: ValueKind?
        while case .of(let path) = source {
            if let known = found[path] {
                kind = known
                break
            }
            // A value that is met again on the way belongs to a cycle and has no kind.
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

    /// The text as it was written, if it is not the value.
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
