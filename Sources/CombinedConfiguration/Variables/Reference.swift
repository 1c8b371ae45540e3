import Text
import YAML

/// `${name}` or `${name:-default}`.
public struct Reference: Sendable, Hashable {
    public let variable: Variable
    /// The name as it was written.
    public let name: String
    /// The value if the variable has none.
    public let fallback: VariableValue?

    /// Reads the text between the braces.
    init(_ text: Substring, at position: YAMLPosition) throws(YAMLError) {
        let name: Substring
        let fallback: Substring?
        if let separator = text.firstBytes(":-") {
            name = text[..<separator.lowerBound]
            fallback = text[separator.upperBound...]
        } else {
            (name, fallback) = (text, nil)
        }
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameCharacter) else {
            throw YAMLError(
                position,
                "\"${\(Substring(text.unicodeScalars.prefix(80)).printable)}\" is no variable; a name has letters, digits, \".\", \"-\" and \"_\""
            )
        }
        guard let variable = Variable(String(name)) else { throw YAMLError(position, Variable.unknown(String(name))) }
        self.variable = variable
        self.name = String(name)
        self.fallback = try fallback.map { text throws(YAMLError) in
            try VariableValue(reading: String(text), kind: variable.kind, of: String(name), at: position)
        }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        byte >= 0x61 && byte <= 0x7A || byte >= 0x41 && byte <= 0x5A || byte >= 0x30 && byte <= 0x39
            || "._-".utf8.contains(byte)
    }
}

extension Reference: CustomStringConvertible {
    public var description: String {
        switch fallback {
        case nil: "${\(name)}"
        case .scalar(let scalar): "${\(name):-\(scalar.text)}"
        case .list(let items): "${\(name):-[\(items.joined(separator: ", "))]}"
        }
    }
}

extension ScalarTemplate.Part: CustomStringConvertible {
    public var description: String {
        switch self {
        case .literal(let text): Self.escaped(text)
        case .reference(let reference): reference.description
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        var rest = text[...]
        while let place = rest.firstBytes("${") {
            escaped += rest[..<place.lowerBound] + "$${"
            rest = rest[place.upperBound...]
        }
        return escaped + rest
    }
}
