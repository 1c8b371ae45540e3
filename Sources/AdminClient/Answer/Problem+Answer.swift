package import AdminAPI
import Text

extension Problem {
    /// The problem (RFC 9457) that an answer has, read as the RFC asks for: what is missing, or is of a type that it
    /// cannot be, is left out.
    ///
    /// - Returns: `nil` when the answer is none, or says nothing: then it is not ADMIN's own.
    package init?(_ answer: AdminAnswer) {
        guard answer.mediaType.isExactly(MediaType.problem),
            let problem = try? Problem(json: answer.body, .tolerant),
            !problem.detail.isEmpty || !problem.title.isEmpty || !problem.errors.isEmpty
        else { return nil }
        self = problem
        // The member `status` is advisory (RFC 9457, section 3.1.2).
        status = answer.status
    }
}
