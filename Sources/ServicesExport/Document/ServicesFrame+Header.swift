import Text

extension ServicesFrame {
    /// The version whose header the file has; throws an error that says what another header is: one of an older format,
    /// of a newer one, or none at all.
    static func version(of bytes: [UInt8]) throws(ServicesCSVError) -> ServicesCSV.Version {
        let line = bytes.prefix { $0 != ServicesCSV.lineFeed }
        for version in ServicesCSV.Version.allCases where line.elementsEqual(version.header.utf8) {
            // What follows a header without a line feed is found missing later.
            return version
        }
        throw refusal(ofHeader: line, isCutOff: line.endIndex == bytes.endIndex)
    }

    private static func refusal(ofHeader line: ArraySlice<UInt8>, isCutOff: Bool) -> ServicesCSVError {
        guard line.last != 0x0D else {
            return ServicesCSVError(
                line: 1, column: line.count, message: "a carriage return: lines end with a line feed alone")
        }
        let cells = line.split(separator: ServicesCSV.comma, maxSplits: columnLimit, omittingEmptySubsequences: false)
        let found = cells.map { String(decoding: $0, as: UTF8.self) }
        // What is closest to the header: the version of most columns that are all there, else the first.
        let version =
            ServicesCSV.Version.allCases.last { $0.columns.allSatisfy { found.contains($0.name) } } ?? .one
        let due = version.columns.map(\.name)

        let index = zip(found, due).prefix { $0 == $1 }.count
        let column = index < cells.count ? cells[index].startIndex + 1 : line.count + 1
        let missing = due.filter { !found.contains($0) }
        let known = ServicesCSV.Column.allCases.map(\.name)
        let unknown = found.filter { !known.contains($0) }
        let isEachOnce = Set(found).count == found.count
        // A header that is cut off between two columns looks like an older one.
        if isEachOnce, unknown.isEmpty, !missing.isEmpty, !isCutOff {
            return ServicesCSVError(
                .olderFormat, line: 1, column: column,
                message: "a header of an older format, without \(quotedList(missing)): upgrade ADMIN")
        }
        if isEachOnce, missing.isEmpty, !unknown.isEmpty, unknown.allSatisfy(isColumnName) {
            return ServicesCSVError(
                .newerFormat, line: 1, column: column,
                message: "a header of a newer format, with \(quotedList(unknown)): upgrade the gateway")
        }
        let message =
            switch (index < found.count, index < due.count) {
            case (true, true): "the header has \(found[index].printed()) where \"\(due[index])\" is due"
            case (true, false): "the header has \(found[index].printed()) where it should end"
            case (false, _): "the header ends before column \"\(due[index])\""
            }
        return ServicesCSVError(line: 1, column: column, message: message)
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
        names.prefix(8).map { $0.printed() }.joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }
}
