package import Text

/// Somebody's word that another text of a patch does what the one did that is in the database.
package struct Acceptance: Sendable, Hashable {
    package let number: Int
    /// The name of the file.
    @ExactText package private(set) var name: String
    /// What identifies the text that the history had.
    package let before: PatchDigest
    /// What identifies the text that it has since.
    package let accepted: PatchDigest
    /// By the database's clock, in the form of RFC 3339.
    @ExactText package private(set) var time: String
    /// The user and host.
    @ExactText package private(set) var who: String
    /// The version that the files were of, if that was said.
    package let version: String?
    /// The version of the program.
    @ExactText package private(set) var program: String

    package init(
        number: Int, name: String, before: PatchDigest, accepted: PatchDigest, time: String = "", who: String,
        version: String?, program: String
    ) {
        self.number = number
        self.before = before
        self.accepted = accepted
        self.version = version
        self.name = name
        self.time = time
        self.who = who
        self.program = program
    }

    /// One as a database has it: the columns of `portcullis_accepted` in their order; `nil` for others.
    package init?(columns: [String?]) {
        guard columns.count == 8, let number = columns[0].flatMap({ Int($0) }) else { return nil }
        self.init(
            number: number, name: columns[1] ?? "", before: PatchDigest(stored: columns[2] ?? ""),
            accepted: PatchDigest(stored: columns[3] ?? ""), time: columns[4] ?? "", who: columns[5] ?? "",
            version: columns[6], program: columns[7] ?? "")
    }
}
