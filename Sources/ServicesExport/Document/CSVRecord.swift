/// The cells of one line without their quotes (RFC 4180, section 2), and the places where they begin.
struct CSVRecord {
    private let version: ServicesCSV.Version
    private(set) var bytes: [UInt8] = []
    private(set) var cells: [Range<Int>] = []
    /// 0-based, in bytes of the line.
    private var offsets: [Int] = []

    /// What is wrong with a line, at a place in it.
    struct Failure: Error {
        /// The offset in bytes from the beginning of the line, from 0.
        var offset: Int
        var cell: ServicesCSV.Column?
        var message: String
    }

    init(line: UnsafeBufferPointer<UInt8>, _ version: ServicesCSV.Version) throws(Failure) {
        self.version = version
        let quote = UInt8(ascii: "\"")
        bytes.reserveCapacity(line.count)
        cells.reserveCapacity(version.columns.count)
        offsets.reserveCapacity(version.columns.count)
        var index = 0
        while true {
            offsets.append(index)
            let start = bytes.count
            if index < line.count, line[index] == quote {
                let opening = index
                index += 1
                while true {
                    guard index < line.count else {
                        throw Failure(offset: opening, message: "the quoted cell does not end on its line")
                    }
                    if line[index] != quote {
                        bytes.append(line[index])
                        index += 1
                    } else if index + 1 < line.count, line[index + 1] == quote {
                        bytes.append(quote)
                        index += 2
                    } else {
                        index += 1
                        break
                    }
                }
                guard index == line.count || line[index] == ServicesCSV.comma else {
                    throw Failure(offset: index, message: "text after the closing quote of a cell")
                }
            } else {
                while index < line.count, line[index] != ServicesCSV.comma {
                    guard line[index] != quote else {
                        throw Failure(offset: index, message: "a quote inside a cell that does not begin with one")
                    }
                    bytes.append(line[index])
                    index += 1
                }
            }
            cells.append(start..<bytes.count)
            guard index < line.count else { return }
            index += 1
        }
    }

    /// The cells of a line that must have all columns and nothing that is not UTF-8.
    init(complete line: UnsafeBufferPointer<UInt8>, _ version: ServicesCSV.Version) throws(Failure) {
        guard !line.isEmpty else { throw Failure(offset: 0, message: "an empty line") }
        guard line.last != 0x0D else {
            throw Failure(offset: line.count - 1, message: "a carriage return: lines end with a line feed alone")
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: line.span)
        } catch {
            let offset = error.byteOffsets.lowerBound
            throw Failure(offset: offset, message: "not UTF-8 (byte 0x\(String(line[offset], radix: 16)))")
        }
        try self.init(line: line, version)
        let expected = version.columns.count
        guard cells.count == expected else {
            throw Failure(
                offset: cells.count > expected ? offsets[expected] : line.count,
                message: "\(cells.count) \(cells.count == 1 ? "cell" : "cells"), where \(expected) are due")
        }
    }

    /// The bytes of a cell; none where the version has no such column.
    subscript(_ column: ServicesCSV.Column) -> ArraySlice<UInt8> {
        guard let index = version.index(of: column) else { return [] }
        return bytes[cells[index]]
    }

    /// Whether the version has the column.
    func has(_ column: ServicesCSV.Column) -> Bool { version.index(of: column) != nil }

    /// Where a cell begins: 0-based, in bytes of the line; the line's start where the version has no such column.
    func offset(of column: ServicesCSV.Column) -> Int { version.index(of: column).map { offsets[$0] } ?? 0 }

    func text(_ column: ServicesCSV.Column) -> String { String(decoding: self[column], as: UTF8.self) }

    func failure(_ column: ServicesCSV.Column, _ message: String) -> Failure {
        Failure(offset: offset(of: column), cell: column, message: message)
    }

    /// The bytes of the connection's columns as an unquoted line has them.
    ///
    /// No valid value contains a comma, so a key with the right number of commas belongs to exactly one list of
    /// cells: a line with the key of a checked connection has the same cells.
    var key: [UInt8] {
        var key = [UInt8]()
        // The first column is the service, the last three are the real server.
        for index in 1..<(cells.count - 3) {
            if index > 1 { key.append(ServicesCSV.comma) }
            key.append(contentsOf: bytes[cells[index]])
        }
        return key
    }
}
