package import DatabasePatches
package import Text

/// What went wrong with a database or a file of it, for people and for programs.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
    /// A word for programs.
    package enum Code: String, Sendable {
        /// A file cannot be read, or something in it is not accepted.
        case file
        /// No connection.
        case unreachable
        /// A pooler that hands out transactions is in between.
        case pooler
        /// The server takes no changes.
        case readOnly = "read-only"
        /// Another one patches.
        case busy
        /// A lock in the database was not to be had.
        case locked
        /// The database refused a statement.
        case statement
        /// The connection was lost, and what becomes of the last step is known: nothing of it is there.
        case lost
        /// The connection was lost, and whether the last step is there is not known.
        case unknown
        /// A signal ended it.
        case stopped
        /// The history or the files have to be put right.
        case refused
    }

    /// A place in a file.
    package struct Place: Sendable, Hashable {
        @ExactText package var file: String
        package let line: Int
        package let column: Int
    }

    package let code: Code
    package let message: String
    /// The lines below the message: the statement, what the server says in addition.
    package let more: [String]
    package let place: Place?
    /// The SQLSTATE, or SQLite's name of the error.
    package let state: String?
    /// The code of a refusal.
    package let refusal: PatchRefusal?

    package init(_ code: Code, _ message: String, more: [String] = [], state: String? = nil) {
        self.init(code, message, more: more, place: nil, state: state, refusal: nil)
    }

    package init(_ refusal: PatchRefusal) {
        self.init(.refused, refusal.description, more: [], place: nil, state: nil, refusal: refusal)
    }

    /// A refusal because of the first line of a file.
    package init(_ refusal: PatchRefusal, file: String, in bytes: [UInt8]) {
        let error = DatabaseError(.refused, refusal.description, file: file, offset: 0, in: bytes)
        self.init(
            .refused, error.message, more: error.more, place: error.place, state: nil, refusal: refusal)
    }

    /// Something at a place of a file.
    /// - Parameter offset: how many bytes are before it.
    package init(
        _ code: Code, _ message: String, file: String, offset: Int, in bytes: [UInt8], more: [String] = [],
        state: String? = nil
    ) {
        let place = ScriptPlace(offset: offset, in: bytes)
        self.init(
            code, "\(file.printable):\(place.line):\(place.column): \(message)", more: [place.excerpt] + more,
            place: Place(file: file, line: place.line, column: place.column), state: state, refusal: nil)
    }

    private init(_ code: Code, _ message: String, more: [String], place: Place?, state: String?, refusal: PatchRefusal?)
    {
        self.code = code
        self.message = message
        self.more = more
        self.place = place
        self.state = state
        self.refusal = refusal
    }

    /// The same with lines below.
    package func adding(_ lines: [String]) -> Self {
        Self(code, message, more: more + lines, place: place, state: state, refusal: refusal)
    }

    package var description: String { ([message] + more).joined(separator: "\n") }
}
