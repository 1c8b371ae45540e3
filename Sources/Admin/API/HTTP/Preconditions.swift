import HTTPTypes

/// If-Match and If-None-Match of a change (RFC 9110, section 13).
struct Preconditions: Sendable {
    private let mustMatch: EntityTag.List?
    private let mustNotMatch: EntityTag.List?

    init(_ headers: HTTPFields) {
        mustMatch = headers[.ifMatch].map { EntityTag.List($0) ?? .unreadable }
        mustNotMatch = headers[.ifNoneMatch].map { EntityTag.List($0) ?? .unreadable }
    }

    /// Throws unless the resource, before the change, is what the client expects.
    ///
    /// - Parameter tags: the ETags of its representations; empty if it does not exist.
    ///
    /// The check comes after all others that may refuse the change (RFC 9110, section 13.2.1). A condition that
    /// cannot be parsed does not hold: nothing must be written because of a misunderstanding.
    func check(_ tags: [String]) throws {
        for case .unreadable? in [mustMatch, mustNotMatch] {
            throw APIProblem.preconditionFailed(
                "If-Match and If-None-Match hold * or a list of entity tags in quotes.")
        }
        if let mustMatch {
            guard !tags.isEmpty else { throw APIProblem.preconditionFailed("The resource does not exist.") }
            guard tags.contains(where: mustMatch.matchesStrongly) else {
                throw APIProblem.preconditionFailed("The resource was changed by somebody else since you read it.")
            }
        }
        if let mustNotMatch, tags.contains(where: mustNotMatch.matchesWeakly) {
            throw APIProblem.preconditionFailed("The resource exists already.")
        }
    }

    /// The list in a GET's If-None-Match. A field that cannot be parsed counts as no condition.
    static func ifNoneMatch(_ headers: HTTPFields) -> EntityTag.List? {
        headers[.ifNoneMatch].flatMap(EntityTag.List.init)
    }
}
