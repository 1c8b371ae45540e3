import AdminAPI
import AdminClient
import ServicesExport

/// The texts for failed polls, for the log and for alerts.
struct ExportSourceTexts: Sendable {
    /// The path of the export.
    let target: String
    /// Seconds that a whole poll may take.
    let timeLimit: Int
    let tokenFile: String?
    let caFile: String?

    func url(_ answer: AdminAnswer) -> String { "\(answer.address)\(target)" }

    /// No answer, or an incomplete one.
    func error(_ error: TransportError) -> ExportSourceError {
        let url = "\(error.address)\(target)"
        let (code, text): (ExportSourceError.Code, String) =
            switch error.kind {
            case .timedOut: (.timedOut, "ADMIN at \(url) gave no complete answer within \(timeLimit) s")
            case .tooLarge: (.tooLarge, "ADMIN at \(url) sent more than \(ServicesCSV.maximumSize) bytes")
            case _ where error.isReceiving: (.brokenOff, "the export from \(url) broke off: \(error.reason)")
            case .closed: (.brokenOff, "ADMIN at \(url) closed the connection before its answer was complete")
            case .notHTTP: (.brokenOff, "what listens at \(url) does not speak HTTP")
            case .tls(let fault): (.unreachable, "ADMIN at \(url) cannot be reached: \(reason(fault))")
            case .unreachable, .failed: (.unreachable, "ADMIN at \(url) cannot be reached: \(error.reason)")
            }
        let hint = error.mayExpectTLS ? "; if it uses TLS there, admin-url must begin with https://" : ""
        return ExportSourceError(code, text + hint + error.earlierText)
    }

    /// The reason, and the setting that may be wrong.
    private func reason(_ fault: TLSFault) -> String {
        let reason = fault.reason(trusting: caFile.map { "ca-file \($0)" })
        switch fault {
        case .untrusted:
            return caFile == nil ? reason + "; if it has an authority of its own, name that in ca-file" : reason
        case .wrongName:
            return reason + "; admin-url must have a name or an address of the certificate's subjectAltName"
        case .notTLS: return reason + "; if it uses none, admin-url must begin with http://"
        case .brokenOff, .other: return reason
        }
    }

    /// An answer that is neither the export nor "unchanged".
    func error(_ answer: AdminAnswer) -> ExportSourceError {
        let url = url(answer)
        switch answer.status {
        case 300..<400:
            let target = answer.field(APIHeader.location) ?? "elsewhere"
            return ExportSourceError(
                .redirected, "ADMIN at \(url) redirects to \(target): set admin-url to where it is")
        case 401, 403:
            let detail = Self.detail(of: answer)
            let reason =
                tokenFile.map { path in
                    detail.map { "the token in \(path) is refused: \($0)" }
                        ?? "the token in \(path) is not one of role gateway"
                } ?? "it wants a token-file"
            return ExportSourceError(.unauthorized, "ADMIN at \(url) answered \(answer.status): \(reason)")
        case 404:
            return ExportSourceError(.notFound, "ADMIN at \(url) answered 404: does it know the location?")
        default:
            let detail = Self.detail(of: answer).map { ": \($0)" } ?? ""
            return ExportSourceError(.badStatus, "ADMIN at \(url) answered \(answer.statusLine)\(detail)")
        }
    }

    /// The detail of a problem document, with the first fields that it names.
    private static func detail(of answer: AdminAnswer) -> String? {
        guard let problem = Problem(answer) else { return nil }
        let faults = problem.errors.prefix(3).map { "\($0.pointer): \($0.detail)" }
        return faults.isEmpty ? (problem.detail.isEmpty ? nil : problem.detail) : faults.joined(separator: "; ")
    }
}
