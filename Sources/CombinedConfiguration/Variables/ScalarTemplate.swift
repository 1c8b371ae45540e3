import Text
public import YAML

/// A scalar with its variables parsed.
public enum ScalarTemplate: Sendable, Hashable {
    case literal(YAMLScalar)
    /// A single variable without quotes: the value has its kind.
    case reference(Reference)
    /// A text that contains variables.
    case text([Part])

    /// A part of a text.
    public enum Part: Sendable, Hashable {
        case literal(String)
        case reference(Reference)
    }

    /// Reads `${name}`, `${name:-default}` and the escape `$${`; any other `$` is literal. A quoted scalar is always
    /// text.
    init(_ scalar: YAMLScalar, at position: YAMLPosition) throws(YAMLError) {
        guard scalar.text.firstBytes("${") != nil else {
            self = .literal(scalar)
            return
        }
        var parts = [Part]()
        var literal = ""
        var rest = scalar.text[...]
        while let dollar = rest.firstBytes("${") {
            let before = rest[..<dollar.lowerBound]
            if before.utf8.last == UInt8(ascii: "$") {
                literal += Substring(before.utf8.dropLast()) + "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            literal += before
            guard let end = rest[dollar.upperBound...].firstByte("}") else {
                throw YAMLError(position, "\"${\" without \"}\"; \"$${\" stands for itself")
            }
            let inside = rest[dollar.upperBound..<end]
            guard inside.firstBytes("${") == nil else {
                throw YAMLError(position, "a variable inside another; a default has none")
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = ""
            parts.append(.reference(try Reference(inside, at: position)))
            rest = rest[rest.utf8.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty { parts.append(.literal(literal)) }
        if case .reference(let reference)? = parts.first, parts.count == 1, scalar.isPlain {
            self = .reference(reference)
            return
        }
        if case .literal(let text)? = parts.first, parts.count == 1 {
            self = .literal(YAMLScalar(text: text, isPlain: false))
            return
        }
        for case .reference(let reference) in parts where reference.variable.kind == .list {
            throw YAMLError(
                position, "\"${\(reference.name)}\" is a list, which cannot be part of a text; it stands bare and alone"
            )
        }
        self = .text(parts)
    }

    /// The references in the scalar.
    var references: [Reference] {
        switch self {
        case .literal: []
        case .reference(let reference): [reference]
        case .text(let parts): parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
        }
    }
}
