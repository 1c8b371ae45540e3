extension ServicesFrame {
    /// Throws an error for a header that differs from ours: it is of an older format, of a newer one, or no header at
    /// all.
    ///
    /// Does not throw if only the line feed after the header is missing.
    static func refuseHeader(of bytes: [UInt8]) throws(ServicesCSVError) {
        let line = bytes.prefix { $0 != ServicesCSV.lineFeed }
        guard line.last != 0x0D else {
            throw ServicesCSVError(
                line: 1, column: line.count, message: "a carriage return: lines end with a line feed alone")
        }
        let cells = line.split(separator: ServicesCSV.comma, maxSplits: columnLimit, omittingEmptySubsequences: false)
        let found = cells.map { String(decoding: $0, as: UTF8.self) }
        let due = ServicesCSV.Column.allCases.map(\.name)
        guard found != due else { return }

        let index = zip(found, due).prefix { $0 == $1 }.count
        let column = index < cells.count ? cells[index].startIndex + 1 : line.count + 1
        let missing = due.filter { !found.contains($0) }
        let unknown = found.filter { !due.contains($0) }
        let isEachOnce = Set(found).count == found.count
        // A header that was cut off between two columns looks like an older one.
        if isEachOnce, unknown.isEmpty, !missing.isEmpty, line.endIndex < bytes.endIndex {
            throw ServicesCSVError(
                .olderFormat, line: 1, column: column,
                message: "a header of an older format, without \(quotedList(missing)): upgrade ADMIN")
        }
        if isEachOnce, missing.isEmpty, !unknown.isEmpty, unknown.allSatisfy(isColumnName) {
            throw ServicesCSVError(
                .newerFormat, line: 1, column: column,
                message: "a header of a newer format, with \(quotedList(unknown)): upgrade the gateway")
        }
        let message =
            switch (index < found.count, index < due.count) {
            case (true, true): "the header has \(quote(found[index])) where \"\(due[index])\" is due"
            case (true, false): "the header has \(quote(found[index])) where it should end"
            case (false, _): "the header ends before column \"\(due[index])\""
            }
        throw ServicesCSVError(line: 1, column: column, message: message)
    }

    /// More columns than any format will have; the rest is taken as one cell.
    private static let columnLimit = 255

    private static func isColumnName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            }
    }

    /// `"zone", "priority"`; the first eight of a long list.
    private static func quotedList(_ names: [String]) -> String {
        names.prefix(8).map(quote).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }
}
