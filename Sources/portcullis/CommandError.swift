/// A failure told to the operator: what happened and, where there is something, what to do next.
struct CommandError: Error, Equatable, CustomStringConvertible {
    let message: String
    let hint: String?

    /// The HTTP status of ADMIN's answer, when it was one.
    let status: Int?

    init(_ message: String, hint: String? = nil, status: Int? = nil) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    var description: String { hint.map { "\(message)\n\($0)" } ?? message }
}
