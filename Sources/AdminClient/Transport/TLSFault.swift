import Text

/// Why there is no encrypted connection, or why it ended.
package enum TLSFault: Sendable, Hashable {
    /// The certificate was not signed by a trusted authority, or is not valid now: the library does not say which.
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
        } else if has("uncleanShutdown") || has("EOF during handshake") {
            self = .brokenOff
        } else {
            self = .other
        }
    }

    /// The fault as a part of a sentence about the server, without text from the library.
    package var reason: String { reason(trusting: nil) }

    /// - Parameter authorities: the file of the trusted authorities; `nil`: those of the system.
    package func reason(trusting authorities: String?) -> String {
        switch self {
        case .untrusted:
            "its certificate is not signed by an authority in \(authorities ?? "the system's list"), or has expired"
        case .wrongName: "its certificate is for another name"
        case .notTLS: "it does not speak TLS"
        case .brokenOff: "it ended the encrypted connection without an answer"
        case .other: "no encrypted connection could be agreed on"
        }
    }
}
