import Text

/// What the first line of a file tells the runner: `-- portcullis: includes 0042`, `-- portcullis: no-transaction`.
package enum PatchHeader: Sendable, Hashable {
    /// Of a schema: the number of the newest patch that it has in it; 0 for none.
    case includes(Int)
    /// Of a patch: its one statement cannot run in a transaction.
    case noTransaction
    /// The file says nothing.
    case none

    private static let mark = "-- portcullis:"

    /// Reads the first line of a file.
    /// - Throws: `ScriptFault` for a line that begins as one for the runner and says something else.
    package static func read(_ bytes: [UInt8]) throws(ScriptFault) -> Self {
        let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
        let line = String(decoding: bytes[..<end], as: UTF8.self).withoutSurroundingSpace
        guard line.hasBytePrefix(mark) else { return .none }
        let words = Substring(line.utf8.dropFirst(mark.utf8.count)).splitBytes(" ", omittingEmpty: true)
        if words.count == 1, words[0].isExactly("no-transaction") { return .noTransaction }
        if words.count == 2, words[0].isExactly("includes"), let number = PatchName.number(words[1]) {
            return .includes(number)
        }
        throw ScriptFault(
            offset: 0,
            message: "\(line.printed()) is not known here: of a patch \"\(mark) no-transaction\", of a schema "
                + "\"\(mark) includes 0042\"")
    }
}
