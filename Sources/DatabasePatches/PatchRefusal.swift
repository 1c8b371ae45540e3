import Text

/// Why a database is not patched, with what to do.
package enum PatchRefusal: Error, Sendable, Hashable {
    case twoOfOneNumber(String, String)
    case listedInAnotherOrder(String, String)
    /// The newest file is `nil` if there is none.
    case includesNoFile(Int, newest: String?)
    case newerProgram(format: Int, program: String)
    case changed(PatchFiles.Patch, HistoryRow)
    case late(PatchFiles.Patch, newest: HistoryRow)
    case missing(HistoryRow)
    case ahead([HistoryRow], newestFile: Int)
    case begunWithAnotherText(PatchFiles.Patch, HistoryRow)
    case begunWithoutFile(HistoryRow)
    case notInstalled
    case withoutHistory
    case notEmpty
    case installedAlready(HistoryRow, pending: Int)
    case hasHistory(HistoryRow)
    case baselineOfEmpty
    case noSuchPatch(String)
    case appliedAlready(String)
    case notApplied(String)

    /// A word for programs.
    package var code: String {
        switch self {
        case .twoOfOneNumber: "two-of-one-number"
        case .listedInAnotherOrder: "order"
        case .includesNoFile: "includes"
        case .newerProgram: "newer-program"
        case .changed: "changed"
        case .late: "late"
        case .missing: "missing"
        case .ahead: "ahead"
        case .begunWithAnotherText, .begunWithoutFile: "half-way"
        case .notInstalled: "not-installed"
        case .withoutHistory: "no-history"
        case .notEmpty: "not-empty"
        case .installedAlready, .hasHistory: "has-history"
        case .baselineOfEmpty: "empty"
        case .noSuchPatch: "no-such-patch"
        case .appliedAlready: "applied-already"
        case .notApplied: "not-applied"
        }
    }
}

extension PatchRefusal: CustomStringConvertible {
    /// What is wrong and what to do, for people.
    package var description: String {
        switch self {
        case .twoOfOneNumber(let one, let other):
            "\(one.printable) and \(other.printable) have the same number: give the newer one the next free number"
        case .listedInAnotherOrder(let one, let next):
            "\(one.printable) comes before \(next.printable) by its number, and after it by its name: write the numbers with "
                + "as many digits, with zeros before them"
        case .includesNoFile(let number, let newest):
            "the schema says that it includes patch \(number), which is not among the files ("
                + (newest.map { "the newest is \($0.printable)" } ?? "there are none")
                + "): write the number of the newest patch that it includes, or 0. The files of old patches may be removed "
                + "while a newer one is there"
        case .newerProgram(let format, let program):
            "the history was written by a newer portcullis-database (\(program.printable), format \(format); "
                + "this one knows format \(HistoryRow.format)): use that version or a newer one"
        case .changed(let patch, let row):
            "\(patch.name.file.printable) has changed since it came into the database (\(row.shown)): put its text back "
                + "as it was (\(row.digest)), and write what is to be different into a new patch. If only a comment or "
                + "white space has changed: portcullis-database accept \(patch.name.digits)"
        case .late(let patch, let newest):
            "\(patch.name.file.printable) has a lower number than \(newest.shownName), which the database has, and was "
                + "never applied: give it a number after \(newest.number), so that every database gets the same order"
        case .missing(let row):
            "\(row.name.printable), which the database has (\(row.shown)), is not among the files: put it back. "
                + "Only patches that schema.sql includes may be removed"
        case .ahead(let rows, let newest):
            "the database is ahead of these files: it has \(rows.map(\.shownName).joined(separator: ", ")), and "
                + "the newest file is number \(newest): use the files of the version that runs, or of a newer one"
        case .begunWithAnotherText(let patch, let row):
            "\(patch.name.file.printable) was begun with another text (\(row.shown)), and whether that was carried out is "
                + "not known: put the text back as it was (\(row.digest)) and patch again, which completes it; then write "
                + "what is to be different into a new patch"
        case .begunWithoutFile(let row):
            "\(row.name.printable) was begun (\(row.shown)), and whether it was carried out is not known: it is not among "
                + "the files. Put it back and patch again, which completes it"
        case .notInstalled: "the database is empty: portcullis-database install"
        case .withoutHistory:
            "the database has tables, and no history of patches: if they are of this schema, say up to which patch: "
                + "portcullis-database baseline --at NUMBER; check --deep compares"
        case .notEmpty:
            "the database has tables, and no history of patches: install is for an empty database. If the tables are of "
                + "this schema: portcullis-database baseline --at NUMBER"
        case .installedAlready(let row, let pending):
            "the database was installed already (\(row.shown))"
                + (pending > 0 ? ": portcullis-database patch applies the \(pending) patches that it lacks" : "")
        case .hasHistory(let row):
            "the database has a history already (\(row.shownName), \(row.shown)): baseline is for one without"
        case .baselineOfEmpty: "the database is empty, so that it has no patch: portcullis-database install"
        case .noSuchPatch(let text):
            "\(text.printed()) is no patch among the files: name one by its number or its file"
        case .appliedAlready(let file): "\(file.printable) is in the database already, and so is all before it"
        case .notApplied(let file):
            "\(file.printable) is not applied, or not to its end, so there is no text to accept: check says what to do"
        }
    }
}

extension HistoryRow {
    /// The patch's file, or the number up to which there were patches.
    fileprivate var shownName: String {
        state.isOfPatch ? name.printable : "the \(name.printable) with patch \(number)"
    }

    /// When and by whom, for messages.
    package var shown: String { "\(state.rawValue) at \(time.printable) by \(who.printable)" }
}
