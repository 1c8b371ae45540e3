package import AdminAPI
import Text

/// An answer whose body is not what was asked for.
package struct AnswerError: Error, Hashable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// It is of the right media type, and does not fit the form.
        case body(BodyError)
        /// It has no content, or one of another media type; the text says which. ADMIN itself sends no such answer.
        case content(String)
    }

    /// What was asked for, with ADMIN's address.
    package let url: String
    package let reason: Reason

    package init(url: String, reason: Reason) {
        self.url = url
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .body(let error): "the answer of \(url) is not understood: \(error)"
        case .content(let text): "the answer of \(url) \(text)"
        }
    }
}

extension AdminAnswer {
    /// Where it came from: ADMIN's address, and what was asked for there.
    /// - Parameter request: what it answers.
    package func url(of request: AdminRequest) -> String { "\(address)\(request.target)" }

    /// Its content, which must be of a media type. A proxy's page with a status of success is none of ADMIN's answers.
    /// - Parameter request: what it answers.
    package func content(
        _ expected: String = MediaType.json, of request: AdminRequest
    ) throws(AnswerError) -> [UInt8] {
        guard mediaType.isExactly(expected) else {
            let text =
                contentType.isEmpty
                ? "has status \(status) and no content type, where \(expected) is expected"
                : "has the content type \(contentType.printed(atMost: 80)), where \(expected) is expected"
            throw AnswerError(url: url(of: request), reason: .content(text))
        }
        return body
    }

    /// The value of its JSON body, of which a newer ADMIN may send more than this version knows.
    /// - Parameter request: what it answers.
    package func value<Body: Described>(
        _ type: Body.Type = Body.self, of request: AdminRequest
    ) throws(AnswerError) -> Body {
        let json = try content(of: request)
        do throws(BodyError) {
            return try Body(json: json, .tolerant)
        } catch {
            throw AnswerError(url: url(of: request), reason: .body(error))
        }
    }
}
