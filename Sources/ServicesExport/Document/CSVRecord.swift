/// The cells of one line without their quotes (RFC 4180, section 2), and the places where they begin.
struct CSVRecord {
    private(set) var bytes: [UInt8] = []
    private(set) var cells: [Range<Int>] = []
    /// Offsets in bytes from the beginning of the line, from 0.
    private(set) var offsets: [Int] = []

    /// What is wrong with a line, at a place in it.
    struct Failure: Error {
        /// The offset in bytes from the beginning of the line, from 0.
        var offset: Int
        var cell: ServicesCSV.Column?
        var message: String
    }

    init(line: UnsafeBufferPointer<UInt8>) throws(Failure) {
        let quote = UInt8(ascii: "\"")
        bytes.reserveCapacity(line.count)
        cells.reserveCapacity(ServicesCSV.Column.allCases.count)
        offsets.reserveCapacity(ServicesCSV.Column.allCases.count)
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

    /// Reads a line, which must have all columns and be valid UTF-8.
    init(complete line: UnsafeBufferPointer<UInt8>) throws(Failure) {
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
        try self.init(line: line)
        let expected = ServicesCSV.Column.allCases.count
        guard cells.count == expected else {
            throw Failure(
                offset: cells.count > expected ? offsets[expected] : line.count,
                message: "\(cells.count) \(cells.count == 1 ? "cell" : "cells"), where \(expected) are due")
        }
    }

    /// The bytes of a cell.
    subscript(_ column: ServicesCSV.Column) -> ArraySlice<UInt8> { bytes[cells[column.rawValue]] }

    func text(_ column: ServicesCSV.Column) -> String { String(decoding: self[column], as: UTF8.self) }

    func failure(_ column: ServicesCSV.Column, _ message: String) -> Failure {
        Failure(offset: offsets[column.rawValue], cell: column, message: message)
    }

    /// The bytes of columns `section` to `sources`, as in a line without quotes.
    ///
    /// No valid value contains a comma, so a key with the right number of commas belongs to exactly one list of
    /// cells: a line with the key of a checked connection has the same cells.
    var key: [UInt8] {
        let first = ServicesCSV.Column.section.rawValue
        var key = [UInt8]()
        for column in first...ServicesCSV.Column.sources.rawValue {
            if column > first { key.append(ServicesCSV.comma) }
            key.append(contentsOf: bytes[cells[column]])
        }
        return key
    }
}
