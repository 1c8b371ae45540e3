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
        case .tls(let fault) where !(request.isChange && error.mayHaveArrived):
            return tlsError(url, fault, trusting: settings.caFile, error.earlierText)
        case .timedOut:
            return unanswered(
                "\(url) did not answer within \(settings.timeout) s\(error.earlierText)", request,
                hint: "A larger --timeout may help.")
        case .tooLarge:
            return unanswered("the answer of \(url) is larger than this command reads", request)
        case .unreachable, .tls, .closed, .notHTTP, .failed:
            return unanswered(
                "\(url): \(error.reason)\(error.earlierText)", request,
                hint: error.mayExpectTLS ? "If ADMIN uses TLS there, its address begins with https://." : nil)
        }
    }

    /// The error if the request may have arrived.
    private static func unanswered(_ message: String, _ request: AdminRequest, hint: String? = nil) -> CommandError {
        guard request.isChange else { return CommandError(message, hint: hint, isTransient: true) }
        return CommandError(
            "\(message); the change may have been made all the same",
            hint: "`portcullis events` shows whether it was. Look before you try again."
                + (hint.map { " \($0)" } ?? ""), isTransient: true)
    }

    /// What to do when an answer does not say whether a change was made.
    static let uncertainHint =
        "The change may have been made: `portcullis events` shows whether it was. Look before you try again."

    /// - Parameters:
    ///   - authorities: the file of the trusted authorities; `nil`: those of the system.
    ///   - earlier: the errors of addresses that were tried before, for the end of the message.
    static func tlsError(
        _ url: AdminURL, _ fault: TLSFault, trusting authorities: String? = nil, _ earlier: String = ""
    ) -> CommandError {
        let hint: String? =
            switch fault {
            case .untrusted where authorities == nil:
                "If it is of your own authority, name that with --ca-file, PORTCULLIS_CA_FILE or ca-file."
            case .untrusted: "--ca-file, PORTCULLIS_CA_FILE or ca-file names the file of the authority."
            case .notTLS: "Is it an http:// address?"
            case .wrongName: "Use a name or an address of the certificate's subjectAltName."
            case .brokenOff, .other: nil
            }
        return CommandError(
            "ADMIN cannot be reached at \(url): \(fault.reason(trusting: authorities))\(earlier)", hint: hint,
            isTransient: fault == .brokenOff)
    }
}
