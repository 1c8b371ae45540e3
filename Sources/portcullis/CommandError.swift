/// A failure told to the operator: what happened and, where there is something, what to do next.
struct CommandError: Error, Equatable, CustomStringConvertible {
    let message: String
    let hint: String?

    /// The HTTP status of ADMIN's answer, when it was one.
    let status: Int?

    /// Whether the same request may well succeed later: nobody answered, or ADMIN said so.
    let isTransient: Bool

    init(_ message: String, hint: String? = nil, status: Int? = nil, isTransient: Bool = false) {
        self.message = message
        self.hint = hint
        self.status = status
        self.isTransient = isTransient
    }

    var description: String { hint.map { "\(message)\n\($0)" } ?? message }
}
