import Text

extension TokenSource {
    /// The token that a text holds, with nothing but space around it.
    ///
    /// Only what RFC 6750 (section 2.1, `b64token`) calls a token, so that nothing else gets into a header line.
    package static func token(in text: String) throws(TokenSyntaxError) -> String {
        let token = text.withoutSurroundingSpace
        guard !token.isEmpty else { throw TokenSyntaxError(description: "the token is empty") }
        let body = token.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard !body.isEmpty, body.allSatisfy(characters.contains),
            token.utf8[body.endIndex...].allSatisfy({ $0 == UInt8(ascii: "=") })
        else {
            throw TokenSyntaxError(
                description: "this is no bearer token (letters, digits and -._~+/ only, and = at its end)")
        }
        return String(token)
    }

    private static let characters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/".utf8)
}

/// Why a text is no token; the text itself, which may be a secret all the same, is not repeated.
package struct TokenSyntaxError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
