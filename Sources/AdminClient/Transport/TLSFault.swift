import Text

/// Why there is no encrypted connection, or why it ended.
package enum TLSFault: Sendable, Hashable {
    /// The certificate was not signed by a trusted authority.
    case untrusted
    /// The certificate is for another name.
    case wrongName
    /// The server does not use TLS.
    case notTLS
    /// The connection ended without an answer.
    case brokenOff
    /// Anything else.
    case other

    /// - Parameter text: the message of the TLS library, which contains its reason in capital letters.
    package init(_ text: String) {
        func has(_ word: StaticString) -> Bool { text.firstBytes(word) != nil }
        if has("CERTIFICATE_VERIFY_FAILED") || has("unableToValidateCertificate") {
            self = .untrusted
        } else if has("WRONG_VERSION_NUMBER") || has("HTTP_REQUEST") {
            self = .notTLS
        } else if has("failedToValidateHostname") {
            self = .wrongName
        } else if has("uncleanShutdown") {
            self = .brokenOff
        } else {
            self = .other
        }
    }
}
