import CommandLineSupport
import Text

/// The rows of a list that is continued line by line, as they were last shown.
struct ShownRows {
    private var values: [ExactText: [String]] = [:]

    /// Takes rows that have changed.
    ///
    /// - Parameters:
    ///   - names: by which the rows are found again, in the order of the table's.
    ///   - table: the rows.
    /// - Returns: those whose shown values differ from the last ones.
    mutating func take(_ names: [String], _ table: Table) -> Table {
        var new: [[String]] = []
        for (name, row) in zip(names, table.rows) where values[ExactText(name)] != row {
            values[ExactText(name)] = row
            new.append(row)
        }
        return Table(table.columns, new)
    }

    /// Forgets rows that are gone: each is new if it comes back.
    mutating func forget(_ names: [String]) {
        for name in names { values[ExactText(name)] = nil }
    }
}
