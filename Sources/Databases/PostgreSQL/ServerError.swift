/// What a PostgreSQL server, or the way to it, has to say against a statement.
struct ServerError: Error {
    /// The SQLSTATE; empty where the connection is lost.
    var state = ""
    var message = ""
    var detail: String?
    var hint: String?
    var context: String?
    /// The code point of the text that was sent, from 1.
    var position: Int?
    /// How many statements of the text were carried out before.
    var completed = 0
    /// Whether the connection is gone, so that it is not known what became of the text.
    var isLost = false
    /// Whether a signal asked for the end.
    var isStopped = false

    /// Whether the same may succeed later: no lock in time, a deadlock, another transaction in the way.
    var isTemporary: Bool { ["55P03", "40P01", "40001"].contains(state) }

    /// What the server says in addition, a line each.
    var more: [String] {
        [("detail", detail), ("hint", hint), ("where", context)].compactMap { name, text in
            text.map { "  \(name): \($0)" }
        }
    }

    /// The message for people, in one line.
    var shown: String { state.isEmpty ? message : "\(message) (\(state))" }

    /// The error outside a patch.
    /// - Parameter doing: what was done: `reading the history`.
    func error(_ doing: String) -> DatabaseError {
        if isStopped { return StopSignal.error }
        return DatabaseError(isLost ? .lost : .statement, "\(doing): \(shown)", more: more, state: state)
    }
}
