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
            case .integer, .number: return scalar.text.utf8.count > 40 ? scalar.text.printed(atMost: 40) : scalar.text
            case .string(let text): return text.printed(atMost: 40)
            }
        }
    }
}
