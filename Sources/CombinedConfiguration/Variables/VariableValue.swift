import Text
public import YAML

/// The value of a variable.
public enum VariableValue: Sendable, Hashable {
    case scalar(YAMLScalar)
    case list([String])

    /// A text, even if it looks like another kind.
    public static func text(_ text: String) -> Self { .scalar(YAMLScalar(text: text, isPlain: false)) }

    /// An integer.
    public static func integer(_ number: Int) -> Self { .scalar(YAMLScalar(text: "\(number)", isPlain: true)) }

    /// Reads a default, which must be of the variable's kind.
    init(reading text: String, kind: ValueKind?, of name: String, at position: YAMLPosition) throws(YAMLError) {
        func wrong(_ expected: String) -> YAMLError {
            YAMLError(position, "the default of \"${\(name)}\" must be \(expected), found \(text.printed(atMost: 40))")
        }
        let scalar = YAMLScalar(text: text, isPlain: true)
        switch kind {
        case .number:
            guard case .integer = scalar.resolved else { throw wrong("a whole number") }
            self = .scalar(scalar)
        case .list:
            guard let items = Self.items(text) else { throw wrong("a list of texts") }
            self = .list(items)
        case .text: self = .text(text)
        default:
            if case .number(let number) = scalar.resolved, !number.isFinite { throw wrong("finite") }
            self = .scalar(scalar)
        }
    }

    private static func items(_ text: String) -> [String]? {
        guard let node = try? YAMLDocument.parseOne(text, file: "default"), case .sequence(let nodes) = node.content
        else { return nil }
        let texts = nodes.compactMap { node in node.isNull ? nil : node.scalar?.text }
        return texts.count == nodes.count ? texts : nil
    }
}

/// A source of variables' values.
public protocol VariableSource {
    /// The value of a variable, or why it has none, to follow its name in a message: `the location hel has no pool
    /// "tg-ip"`. Never called for values of the configuration itself.
    func value(of variable: Variable) -> VariableLookup

    /// What the value of a secret is; `nil` if there is no such secret.
    func secret(_ name: String) -> SecretKind?
}

/// The result of looking up a variable.
public enum VariableLookup: Sendable, Hashable {
    case value(VariableValue)
    case undefined(String)
}
