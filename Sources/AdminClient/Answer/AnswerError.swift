package import AdminAPI

/// An answer whose body is not what was asked for.
package struct AnswerError: Error, Hashable, CustomStringConvertible {
    /// What was asked for, with ADMIN's address.
    package let url: String
    package let body: BodyError

    package var description: String { "the answer of \(url) is not understood: \(body)" }
}

extension AdminAnswer {
    /// The value of its JSON body, of which a newer ADMIN may send more than this version knows.
    /// - Parameter request: what it answers.
    package func value<Body: Described>(
        _ type: Body.Type = Body.self, of request: AdminRequest
    ) throws(AnswerError) -> Body {
        do throws(BodyError) {
            return try Body(json: body, .tolerant)
        } catch {
            throw AnswerError(url: "\(address)\(request.target)", body: error)
        }
    }
}
