package import Text

/// A row of the history: what was done to the database.
package struct HistoryRow: Sendable, Hashable {
    /// What a row stands for.
    package enum State: String, Sendable, Hashable {
        /// The schema was installed; the number is that of the newest patch in it.
        case installed
        /// Somebody has said that the database has all patches up to this number.
        case baseline
        /// The patch was applied.
        case applied
        /// The patch was in the schema that was installed, or before the baseline.
        case included
        /// A patch without a transaction was begun, and its end is not known.
        case begun

        /// Whether the row is that of a file of its own.
        package var isOfPatch: Bool { self == .applied || self == .included || self == .begun }
    }

    package var number: Int
    /// The name of the file.
    @ExactText package var name: String
    package var state: State
    package var digest: PatchDigest
    /// How long it took, in milliseconds; `nil` where nothing was carried out, or the end is not known.
    package var duration: Int?
    /// When it was begun, by the database's clock, in the form of RFC 3339.
    @ExactText package var time: String
    /// The user and host.
    @ExactText package var who: String
    /// The version that the files were of, if that was said.
    package var version: String?
    /// The version of the program.
    @ExactText package var program: String
    /// Identifies the attempt.
    @ExactText package var run: String

    package init(
        number: Int, name: String, state: State, digest: PatchDigest, duration: Int? = nil, time: String = "",
        who: String = "", version: String? = nil, program: String = "", run: String = ""
    ) {
        self.number = number
        self.name = name
        self.state = state
        self.digest = digest
        self.duration = duration
        self.time = time
        self.who = who
        self.version = version
        self.program = program
        self.run = run
    }

    /// The format of the history that this program writes. A row of a newer one is from a newer program.
    package static let format = 1
}
