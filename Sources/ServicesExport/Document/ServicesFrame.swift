import Glibc

/// The checks of a file before its rows are read: size, header, end, number of lines.
enum ServicesFrame {
    /// Returns the version of the file.
    static func check(_ bytes: [UInt8]) throws(ServicesCSVError) -> ServicesCSV.Version {
        guard bytes.count <= ServicesCSV.maximumSize else {
            throw ServicesCSVError(
                line: 1, column: 1,
                message: "the file has \(bytes.count) bytes, more than \(ServicesCSV.maximumSize) (64 MiB)")
        }
        guard !bytes.isEmpty else {
            throw ServicesCSVError(line: 1, column: 1, message: "the file is empty: not even a header")
        }
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw ServicesCSVError(line: 1, column: 1, message: "a byte order mark: UTF-8 needs none here")
        }
        let version = try version(of: bytes)
        guard bytes.last == ServicesCSV.lineFeed else {
            let start = bytes.lastIndex(of: ServicesCSV.lineFeed).map { $0 + 1 } ?? 0
            throw ServicesCSVError(
                line: LineFinder.lineNumber(of: bytes.count, in: bytes), column: bytes.count - start + 1,
                message: "the file ends without a line feed: it is cut off")
        }
        try checkRowCount(bytes, version)
        return version
    }

    private static func checkRowCount(_ bytes: [UInt8], _ version: ServicesCSV.Version) throws(ServicesCSVError) {
        // A row has at least its commas and its line feed, so most files need no counting.
        guard bytes.count > ServicesCSV.maximumRows * version.columns.count else { return }
        let lines = bytes.withUnsafeBytes { file in
            var lines = 0
            var start = 0
            while let base = file.baseAddress, let feed = memchr(base + start, 0x0A, file.count - start) {
                lines += 1
                start = UnsafeRawPointer(feed) - base + 1
            }
            return lines
        }
        guard lines - 1 <= ServicesCSV.maximumRows else {
            throw ServicesCSVError(
                line: ServicesCSV.maximumRows + 2, column: 1, message: "more than \(ServicesCSV.maximumRows) rows")
        }
    }
}
