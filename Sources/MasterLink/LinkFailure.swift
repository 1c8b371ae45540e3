import AdminAPI
import AdminClient
import Text

/// Why a request has come to nothing.
struct LinkFailure: Error, CustomStringConvertible {
    let description: String
    /// Whether ADMIN knows the token no longer.
    var isRefusal = false
    /// Whether ADMIN has answered, and will not answer otherwise soon.
    var isFinal = false
    /// Whether there was no answer at all for as long as one is waited for.
    var isSilence = false
    /// The seconds that ADMIN asks for.
    var retryAfter: Int?

    init(_ answer: AdminAnswer, of request: AdminRequest) {
        let detail = Problem(answer)?.detail.shownName(atMost: 300)
        description = "\(answer.url(of: request)) answered \(answer.statusLine)" + (detail.map { ": \($0)" } ?? "")
        isRefusal = answer.status == 401
        isFinal = (400..<500).contains(answer.status) && answer.status != 429
        retryAfter = answer.field(APIHeader.retryAfter).flatMap { Int($0) }
    }

    init(_ error: any Error) {
        switch error {
        case let error as LinkFailure: self = error
        case let error as TransportError:
            isSilence = error.kind == .timedOut || error.kind == .unreachable
            description = "\(error.address) cannot be reached: \(error.reason)\(error.earlierText)"
        default: description = "\(error)"
        }
    }
}
