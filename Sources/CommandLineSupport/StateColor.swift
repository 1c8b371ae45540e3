import Text

/// The color of a word that tells a state. Nothing depends on it: the word says the same.
enum StateColor: String {
    case green = "\u{1B}[32m"
    case yellow = "\u{1B}[33m"
    case red = "\u{1B}[31m"

    private static let end = "\u{1B}[0m"

    /// The color of a state as a table shows it; `nil`: none.
    init?(of state: String) {
        let words = state.splitBytes(" ").first.map(String.init) ?? ""
        switch words {
        case "ready", "in", "active", "connected": self = .green
        case "drain", "behind", "not", "suspect": self = .yellow
        case "maint", "HELD", "REJECTED", "NEEDS", "location", "lost", "crashed", "hung": self = .red
        default: return nil
        }
    }

    func paint(_ text: String) -> String { rawValue + text + Self.end }
}
