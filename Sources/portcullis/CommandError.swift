/// An error for the operator: what happened, and what to do next, if there is something.
struct CommandError: Error, Equatable, CustomStringConvertible {
    let message: String
    let hint: String?

    /// The HTTP status of ADMIN's answer; `nil` if there was none.
    let status: Int?

    /// Whether the same request may succeed later: nobody answered, or ADMIN's answer says so.
    let isTransient: Bool

    init(_ message: String, hint: String? = nil, status: Int? = nil, isTransient: Bool = false) {
        self.message = message
        self.hint = hint
        self.status = status
        self.isTransient = isTransient
    }

    var description: String { hint.map { "\(message)\n\($0)" } ?? message }
}
