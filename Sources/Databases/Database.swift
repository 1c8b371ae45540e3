package import DatabasePatches

/// A database that can be patched, and its connections.
package protocol Database: AnyObject {
    var engine: DatabaseEngine { get }

    /// The version of the server or the library.
    var version: String { get }

    /// What is between the program and the server, where something is that does no harm; `nil`: nothing.
    var between: String? { get }

    /// What the database has.
    func content() throws(DatabaseError) -> DatabaseStanding.Content

    /// Keeps other patchers away until the connection is closed, and finds out whether the database takes changes.
    func lock() throws(DatabaseError)

    /// Carries a file out together with rows of the history, in one transaction. A history is made if there is none.
    /// - Returns: how long it took, in milliseconds.
    func apply(_ script: PatchScript, file: String, rows: [HistoryRow]) throws(DatabaseError) -> Int

    /// Carries out the one statement of a patch without a transaction. The history says before that it is begun.
    /// - Parameter isAgain: whether it was begun before.
    /// - Returns: how long it took, in milliseconds.
    func applyOutside(
        _ script: PatchScript, file: String, row: HistoryRow, isAgain: Bool
    ) throws(DatabaseError) -> Int

    /// Writes rows of the history.
    func record(_ rows: [HistoryRow]) throws(DatabaseError)

    /// Puts the accepted digest into the history, and says there who accepted it, in one transaction.
    func accept(_ acceptance: Acceptance) throws(DatabaseError)

    /// What was accepted, the oldest first.
    func acceptances() throws(DatabaseError) -> [Acceptance]

    /// What the database is made of.
    func structure() throws(DatabaseError) -> DatabaseStructure

    /// A new, empty database of the same kind, which is gone when it is closed.
    func scratch() throws(DatabaseError) -> any Database

    /// Ends the connections.
    func close()
}
