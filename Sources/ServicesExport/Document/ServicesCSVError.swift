/// Why a whole `services.csv` is refused, and the place of the fault.
public struct ServicesCSVError: Error, Sendable, Hashable {
    /// The meaning of the error for the whole file.
    public enum Code: Sendable, Hashable {
        /// The header lacks columns and has no unknown ones: ADMIN is older than the reader.
        case olderFormat
        /// The header has all columns and additional ones: ADMIN is newer than the reader.
        case newerFormat
        /// The file violates a rule.
        case invalid
    }

    public let code: Code
    /// The line number, from 1.
    public let line: Int
    /// The place in the line, in bytes from 1: the beginning of the cell or of the fault.
    public let column: Int
    /// The column of the cell, if one is to blame.
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
