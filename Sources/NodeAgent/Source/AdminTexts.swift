import AdminAPI
import AdminClient
import Text

/// Why ADMIN has not given what was asked for, in words.
struct SourceError: Error, CustomStringConvertible {
    /// Whether ADMIN refused the token.
    var isRefusal = false
    /// The status of the answer; `nil`: there was none, or an incomplete one.
    var status: Int?
    /// Whether the same request may succeed later.
    var isTransient = false
    let description: String

    init(_ description: String) { self.description = description }

    /// No answer, or an incomplete one.
    init(_ error: TransportError, _ target: String, _ caFile: String?) {
        let url = "\(error.address)\(target)"
        let text: String
        switch error.kind {
        case .timedOut: text = "ADMIN at \(url) gave no complete answer in time"
        case .tooLarge: text = "ADMIN at \(url) sent more than was asked for"
        case _ where error.isReceiving: text = "the answer of \(url) broke off: \(error.reason)"
        case .closed: text = "ADMIN at \(url) closed the connection before its answer was complete"
        case .notHTTP: text = "what listens at \(url) does not speak HTTP"
        case .tls(let fault):
            text = "ADMIN at \(url) cannot be reached: \(fault.reason(trusting: caFile.map { "ca-file \($0)" }))"
        case .unreachable, .failed: text = "ADMIN at \(url) cannot be reached: \(error.reason)"
        }
        let hint = error.mayExpectTLS ? "; if it uses TLS there, the address must begin with https://" : ""
        self.init(text + hint + error.earlierText)
        isTransient = true
    }

    /// An answer with another status than was hoped for.
    init(_ answer: AdminAnswer, _ target: String, tokenFile: String?) {
        let url = "\(answer.address)\(target)"
        let problem = Problem(answer)
        let faults = problem?.errors.prefix(3).map { "\($0.pointer): \($0.detail)" } ?? []
        let detail = faults.isEmpty ? problem?.detail ?? "" : faults.joined(separator: "; ")
        let end = detail.isEmpty ? "" : ": \(detail.printable)"
        switch answer.status {
        case 300..<400: self.init("ADMIN at \(url) redirects, which is not followed")
        case 401, 403:
            let token = tokenFile.map { "the token in \($0) is refused" } ?? "it wants a token (portcullis-node join)"
            self.init("ADMIN at \(url) answered \(answer.status): \(token)\(end)")
            isRefusal = true
        default: self.init("ADMIN at \(url) answered \(answer.statusLine)\(end)")
        }
        status = answer.status
        isTransient = [429, 502, 503, 504].contains(answer.status)
    }
}
