import Text

/// How the configurations of services differ before and after a change, found once for all services of a type. Parts
/// without variables are compared here; the others are compared when the variables are known.
public struct ConfigurationDifference: Sendable {
    /// A value that exists in only one of the two, or differs.
    public struct Line: Sendable {
        /// A JSON pointer (RFC 6901).
        public let pointer: String
        /// The value before, as JSON; `nil` if it is added.
        public let before: String?
        /// The value afterwards, as JSON; `nil` if it is removed.
        public let after: String?
    }

    /// The differences in the order of the new tree. Removed keys come after the rest of their mapping.
    private let parts: [Part]
    private let before: ConfigurationTemplate
    private let after: ConfigurationTemplate

    private enum Part {
        case line(Line)
        /// Two values of which at least one needs a variable.
        case variable(pointer: String, before: ConfigurationNode?, after: ConfigurationNode?)
    }

    public init(from before: ConfigurationTemplate, to after: ConfigurationTemplate) {
        self.before = before
        self.after = after
        parts = Self.parts(before.root, after.root, "")
    }

    /// How many values differ or may differ. A service has at most this many lines, except for lists and for values
    /// that are added or removed as a whole.
    public var count: Int { parts.count }

    /// The lines, if they are the same for all services of the type; otherwise `nil`.
    public var commonLines: [Line]? {
        var lines = [Line]()
        for part in parts {
            guard case .line(let line) = part else { return nil }
            lines.append(line)
        }
        return lines
    }

    /// The lines for one service.
    public func lines(from old: some VariableSource, to new: some VariableSource) -> [Line] {
        var oldValues = Resolver(before, old)
        var newValues = Resolver(after, new)
        return parts.flatMap { part -> [Line] in
            switch part {
            case .line(let line): return [line]
            case .variable(let pointer, let before, let after):
                let resolved = Self.parts(
                    before.map { oldValues.resolved($0) }, after.map { newValues.resolved($0) }, pointer)
                return resolved.compactMap { if case .line(let line) = $0 { line } else { nil } }
            }
        }
    }

    private static func parts(
        _ before: ConfigurationNode?, _ after: ConfigurationNode?, _ pointer: String
    ) -> [Part] {
        if let before, let after, after.isConstant, before.isIdentical(to: after) { return [] }
        switch (before?.content, after?.content) {
        case (.scalar(let old)?, .scalar(let new)?) where old == new: return []
        case (.mapping(let old)?, .mapping(let new)?) where !old.isEmpty && !new.isEmpty:
            let oldValues = Dictionary(old.map { (ExactText($0.key), $0.value) }) { first, _ in first }
            let kept = Set(new.map { ExactText($0.key) })
            return new.flatMap { parts(oldValues[ExactText($0.key)], $0.value, pointer + "/" + $0.key.pointerToken) }
                + old.lazy.filter { !kept.contains(ExactText($0.key)) }
                .flatMap { parts($0.value, nil, pointer + "/" + $0.key.pointerToken) }
        case (.list(let old)?, .list(let new)?)
        where !old.isEmpty && !new.isEmpty && !old.contains(where: \.isSpliced) && !new.contains(where: \.isSpliced):
            return (0..<max(old.count, new.count)).flatMap { index in
                parts(
                    index < old.count ? old[index] : nil, index < new.count ? new[index] : nil, "\(pointer)/\(index)")
            }
        default:
            guard before?.isConstant != false, after?.isConstant != false else {
                return [.variable(pointer: pointer, before: before, after: after)]
            }
            return leafParts(before, after, pointer)
        }
    }

    /// Two single values, or two values of different kinds.
    private static func leafParts(
        _ before: ConfigurationNode?, _ after: ConfigurationNode?, _ pointer: String
    ) -> [Part] {
        let (old, new) = (before?.leaves ?? [], after?.leaves ?? [])
        let newTexts = texts(new)
        let oldTexts = texts(old)
        func line(_ leaf: ConfigurationLeaf) -> Part? {
            let (before, after) = (oldTexts[ExactText(leaf.pointer)], newTexts[ExactText(leaf.pointer)])
            guard before != after else { return nil }
            return .line(
                Line(
                    pointer: pointer + leaf.pointer, before: before?.wrappedValue, after: after?.wrappedValue))
        }
        let present = new.compactMap(line)
        let gone = old.filter { newTexts[ExactText($0.pointer)] == nil }.compactMap(line)
        return present + gone
    }

    /// The values as JSON, by pointer.
    private static func texts(_ leaves: [ConfigurationLeaf]) -> [ExactText: ExactText] {
        Dictionary(leaves.map { (ExactText($0.pointer), ExactText($0.node.jsonText)) }) { first, _ in first }
    }
}

extension ConfigurationNode {
    /// The value as JSON text.
    public var jsonText: String { String(decoding: json, as: UTF8.self) }

    fileprivate var isSpliced: Bool { if case .reference(_, spliced: true) = content { true } else { false } }
}
