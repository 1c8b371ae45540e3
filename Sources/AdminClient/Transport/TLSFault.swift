import Text

/// Why no encrypted connection came about, or why it ended.
package enum TLSFault: Sendable, Hashable {
    /// The certificate is of nobody who is trusted.
    case untrusted
    /// The certificate is for another name.
    case wrongName
    /// What listens there speaks no TLS.
    case notTLS
    /// The connection ended without an answer.
    case brokenOff
    /// Anything else.
    case other

    /// - Parameter text: what the TLS library says; its reason stands in capital letters somewhere in it.
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
