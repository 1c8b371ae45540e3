import Text

extension YAMLNode {
    /// The node as an error message names what it found: `"abc"`, `70000`, `nothing`, `a list`.
    public var summary: String {
        switch content {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .scalar(let scalar):
            switch scalar.resolved {
            case .null: return "nothing"
            case .boolean(let value): return "\(value)"
            case .integer, .number: return scalar.text.utf8.count > 40 ? quoted(scalar.text) : scalar.text
            case .string(let text): return quoted(text)
            }
        }
    }
}

/// Text in quotes for a message: what is deceptive escaped, at most 40 code points. The rest of a text is not looked
/// at.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40)
    let escaped = shown.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        default: scalar.isDeceptive ? scalar.escaped : String(scalar)
        }
    }
    return "\"\(escaped.joined())\(shown.endIndex < text.endIndex ? "…" : "")\""
}
