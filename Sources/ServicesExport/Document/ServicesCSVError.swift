/// Why a `services.csv` is refused, as a whole, and where.
public struct ServicesCSVError: Error, Sendable, Hashable {
    /// What the error says of the file as a whole.
    public enum Code: Sendable, Hashable {
        /// The header lacks columns, and has none that are unknown: ADMIN is older than the reader.
        case olderFormat
        /// The header has all columns and others beside them: ADMIN is newer than the reader.
        case newerFormat
        /// A rule is broken.
        case invalid
    }

    public let code: Code
    /// 1-based.
    public let line: Int
    /// 1-based, in bytes: where the cell (or what is wrong in the line) begins.
    public let column: Int
    /// The cell, when one is to blame.
    public let cell: ServicesCSV.Column?
    public let message: String

    public init(
        _ code: Code = .invalid, line: Int, column: Int, cell: ServicesCSV.Column? = nil, message: String
    ) {
        self.code = code
        self.line = line
        self.column = column
        self.cell = cell
        self.message = message
    }
}

extension ServicesCSVError: CustomStringConvertible {
    /// `services.csv:LINE:COLUMN: column "weight": …`
    public var description: String {
        let place = "services.csv:\(line):\(column): "
        guard let cell else { return place + message }
        return place + "column \"\(cell.name)\": \(message)"
    }
}
