public import ServicesExport

extension ServicesDocument {
    /// Reads bytes that may be anything, whole and against a previous file: an entry for fuzzers.
    ///
    /// - Returns: whether they are a valid file.
    /// - Precondition: reading never crashes, and reading against a previous file gives what reading afresh does.
    @discardableResult
    public static func fuzz(_ bytes: [UInt8], after previous: ServicesDocument = .empty) -> Bool {
        let fresh = Result { () throws(ServicesCSVError) in try ServicesDocument(parsing: bytes) }
        let updated = Result { () throws(ServicesCSVError) in try previous.updated(with: bytes).document }
        switch (fresh, updated) {
        case (.success(let fresh), .success(let updated)):
            precondition(fresh.rowCount == updated.rowCount, "row counts differ")
            let rows = fresh.rows
            precondition(rows == updated.rows, "rows differ")
            precondition(
                (try? ServicesDocument(parsing: ServicesCSV.write(rows)))?.rows == rows, "writing and reading differ")
            return true
        case (.failure(let fresh), .failure(let updated)):
            precondition(fresh == updated, "errors differ: \(fresh) / \(updated)")
            return false
        default:
            preconditionFailure("only one way of reading refuses the file")
        }
    }
}
