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

/// Text in quotes for a message: control characters escaped, at most 40 code points. The rest of a text is not looked at.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40)
    let escaped = shown.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default:
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator
                ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
        }
    }
    return "\"\(escaped.joined())\(shown.endIndex < text.endIndex ? "…" : "")\""
}
