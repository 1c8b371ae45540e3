import AdminClient

/// The error for the operator if there was no answer. It contains no text from a library, which would mean nothing to
/// an operator.
enum TransportErrorText {
    /// - Parameter request: the request; if it is a change, it may be unknown whether it was made.
    static func commandError(_ error: TransportError, _ settings: Settings, _ request: AdminRequest) -> CommandError {
        let url = error.address
        switch error.kind {
        case .unreachable where !(request.isChange && error.mayHaveArrived):
            return CommandError(
                "ADMIN cannot be reached at \(url): \(error.reason)\(error.earlierText)",
                hint:
                    "Is portcullis-admin running there? Another address is named by --admin-url or PORTCULLIS_ADMIN_URL.",
                isTransient: true)
        case .tls(let fault):
            return tlsError(url, fault, error.earlierText)
        case .timedOut:
            return unanswered(
                "\(url) did not answer within \(settings.timeout) s\(error.earlierText)", request,
                hint: "A larger --timeout may help.")
        case .tooLarge:
            return unanswered("the answer of \(url) is larger than this command reads", request)
        case .unreachable, .closed, .notHTTP, .failed:
            return unanswered("\(url): \(error.reason)\(error.earlierText)", request)
        }
    }

    /// The error if the request may have arrived.
    private static func unanswered(_ message: String, _ request: AdminRequest, hint: String? = nil) -> CommandError {
        guard request.isChange else { return CommandError(message, hint: hint, isTransient: true) }
        return CommandError(
            "\(message); the change may have been made all the same",
            hint: "`portcullis events` shows whether it was. Look before you try again.", isTransient: true)
    }

    /// What to do when an answer does not say whether a change was made.
    static let uncertainHint =
        "The change may have been made: `portcullis events` shows whether it was. Look before you try again."

    /// - Parameter earlier: the errors of addresses that were tried before, for the end of the message.
    static func tlsError(_ url: AdminURL, _ fault: TLSFault, _ earlier: String = "") -> CommandError {
        switch fault {
        case .untrusted:
            CommandError(
                "\(url) has a certificate that is not trusted\(earlier)",
                hint: "If it is of your own authority, name that with --ca-file or PORTCULLIS_CA_FILE.")
        case .notTLS: CommandError("\(url) does not speak TLS\(earlier)", hint: "Is it an http:// address?")
        case .wrongName: CommandError("\(url) has a certificate for another name\(earlier)")
        case .brokenOff:
            CommandError("\(url) ended the encrypted connection without an answer\(earlier)", isTransient: true)
        case .other: CommandError("\(url): no encrypted connection could be agreed on\(earlier)")
        }
    }
}
