import AdminAPI
import AdminClient
import Text

/// The error for the operator if ADMIN's answer is an error.
enum AnswerErrorText {
    /// - Parameter request: what it answers.
    static func commandError(_ answer: AdminAnswer, of request: AdminRequest, _ places: SourceMap) -> CommandError {
        guard let problem = Problem(answer) else {
            let kind = answer.contentType.isEmpty ? "" : " (\(answer.contentType))"
            // A proxy that gives up may have passed the request on.
            return CommandError(
                "the answer of \(answer.url(of: request)) has status \(answer.status)\(kind) and is not ADMIN's",
                hint: answer.status >= 500 && request.isChange
                    ? "\(foreignHint)\n\(TransportErrorText.uncertainHint)" : foreignHint,
                isTransient: [502, 503, 504].contains(answer.status))
        }
        return CommandError(
            text(problem, places), hint: hint(problem), status: problem.status,
            isTransient: [429, 502, 503, 504].contains(problem.status))
    }

    /// The error if the answer has a status of success, and not what was asked for.
    /// - Parameter request: what it answers; if it is a change, it may have been made.
    static func commandError(_ error: AnswerError, of request: AdminRequest) -> CommandError {
        let hint =
            switch error.reason {
            case .body: "Is this an ADMIN of the same version as this command?"
            case .content: foreignHint
            }
        return CommandError(
            "\(error)", hint: request.isChange ? "\(hint)\n\(TransportErrorText.uncertainHint)" : hint)
    }

    /// What to look for when somebody else than ADMIN has answered.
    static let foreignHint = "Is the address ADMIN's? Is a proxy in between?"

    /// The detail, followed by one line for each fault: its place and reason.
    static func text(_ problem: Problem, _ places: SourceMap) -> String {
        let faults = problem.errors.map { "\(places.place(of: $0.pointer)): \(places.translated($0.detail))" }
        let detail = places.translated(problem.detail.isEmpty ? problem.title : problem.detail)
        if faults.count == 1, problem.errors[0].detail == problem.detail { return faults[0] }
        return ([detail] + faults.map { "  \($0)" }).joined(separator: "\n")
    }

    private static func hint(_ problem: Problem) -> String? {
        if problem.type.isExactly("urn:portcullis:problem:deletion") {
            return "If that is meant, name the number with --yes-delete; --dry-run shows what would go."
        }
        return switch problem.status {
        case 401:
            "Name a token with --token-file, PORTCULLIS_TOKEN_FILE or PORTCULLIS_TOKEN; "
                + "`portcullis-admin token add` makes one."
        // One that names what is outside a scope says what is wrong.
        case 403 where problem.errors.isEmpty:
            "Reading needs a token of role read or admin, changing one of role admin."
        case 429, 503: "Try again in a moment."
        case 500, 502, 504: "ADMIN's log tells more: journalctl -u portcullis-admin"
        default: nil
        }
    }
}
