package import Text

/// A word, a name or a character of a statement, outside its parentheses.
package struct SQLWord: Sendable, Hashable {
    /// Without quotes.
    @ExactText package private(set) var text: String
    /// Whether it is a name in quotes, which is no keyword.
    package let isQuoted: Bool

    package init(_ text: String, isQuoted: Bool = false) {
        self.text = text
        self.isQuoted = isQuoted
    }

    /// Whether it is this keyword, which is given in capitals.
    package func isKeyword(_ keyword: String) -> Bool { !isQuoted && text.uppercased().isExactly(keyword) }

    /// The name as a server knows it.
    /// - Parameter engine: PostgreSQL folds names without quotes.
    package func name(in engine: DatabaseEngine) -> String {
        isQuoted || engine == .sqlite ? text : text.lowercased()
    }
}
