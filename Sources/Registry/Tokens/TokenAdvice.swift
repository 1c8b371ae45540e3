import AdminAPI

/// Advice on the consequences of a change of tokens.
public enum TokenAdvice {
    /// Advice after a token was added; `nil` if there is none to give.
    /// - Parameter tokens: all tokens, including the new one.
    public static func afterAdding(_ tokens: [TokenRecord]) -> String? {
        guard tokens.count == 1 else { return nil }
        let first = "this is the first token: from now on every request needs one, those of gateways too"
        guard !tokens[0].isUnrestricted else { return first }
        return tokens[0].role == .admin
            ? "\(first); nobody can change everything until there is one of role admin without a scope"
            : "\(first); nobody can change anything until there is one of role admin"
    }

    /// Advice after a token was removed; `nil` if there is none to give.
    /// - Parameter tokens: all remaining tokens.
    public static func afterRemoving(_ tokens: [TokenRecord]) -> String? {
        if tokens.isEmpty {
            return "no token is left: the API is open to everybody who can connect, "
                + "and a server that listens on anything but loopback will not start again"
        }
        guard !tokens.contains(where: \.isUnrestricted) else { return nil }
        return tokens.contains { $0.role == .admin }
            ? "no token of role admin without a scope is left: nobody can change everything through the API"
            : "no token of role admin is left: nobody can change anything through the API"
    }
}
