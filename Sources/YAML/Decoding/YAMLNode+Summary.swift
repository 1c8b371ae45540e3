import Text

extension YAMLNode {
    /// The node in the words of an error message: `"abc"`, `70000`, `nothing`, `a list`.
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

/// Text in quotes for a message: deceptive characters are escaped, and at most 40 code points are shown. The rest of
/// the text is not examined.
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
