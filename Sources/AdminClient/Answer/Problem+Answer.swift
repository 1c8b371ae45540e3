package import AdminAPI
import Text

extension Problem {
    /// The problem (RFC 9457) in an answer. As the RFC requires, missing members and those of a wrong type are
    /// ignored.
    ///
    /// - Returns: `nil` if the answer is no problem, or an empty one: then it does not come from ADMIN itself.
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
