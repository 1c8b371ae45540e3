import Text

/// How the configurations of services differ before and after a change, found once for all services of a type: what no
/// variable is in is compared here, the rest when the variables are known.
public struct ConfigurationDifference: Sendable {
    /// A value that is in one of the two, or in both and differs.
    public struct Line: Sendable {
        /// A JSON pointer (RFC 6901).
        public let pointer: String
        /// As JSON; `nil`: it was not there.
        public let before: String?
        /// As JSON; `nil`: it is gone.
        public let after: String?
    }

    /// What differs, in the order of the newer tree; what is gone comes after the rest of its mapping.
    private let parts: [Part]
    private let before: ConfigurationTemplate
    private let after: ConfigurationTemplate

    private enum Part {
        case line(Line)
        /// Two values of which one at least waits for a variable.
        case variable(pointer: String, before: ConfigurationNode?, after: ConfigurationNode?)
    }

    public init(from before: ConfigurationTemplate, to after: ConfigurationTemplate) {
        self.before = before
        self.after = after
        parts = Self.parts(before.root, after.root, "")
    }

    /// How many values differ, or may: a service has as many lines at most, but for lists and what comes or goes as a
    /// whole.
    public var count: Int { parts.count }

    /// The lines, where they are the same for all services of the type.
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

    /// Two values of different form, or single ones.
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

    /// The values as JSON, by their pointers.
    private static func texts(_ leaves: [ConfigurationLeaf]) -> [ExactText: ExactText] {
        Dictionary(leaves.map { (ExactText($0.pointer), ExactText($0.node.jsonText)) }) { first, _ in first }
    }
}

extension ConfigurationNode {
    /// The value as JSON text.
    public var jsonText: String { String(decoding: json, as: UTF8.self) }

    fileprivate var isSpliced: Bool { if case .reference(_, spliced: true) = content { true } else { false } }
}
