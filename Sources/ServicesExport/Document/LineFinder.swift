import Glibc
import NetworkTypes

/// Finds the numbers of lines, for errors only: lines are not counted while a file is read.
struct LineFinder {
    private let bytes: [UInt8]
    private let version: ServicesCSV.Version

    init(_ bytes: [UInt8], _ version: ServicesCSV.Version) {
        self.bytes = bytes
        self.version = version
    }

    /// The 1-based number of the line that the byte is in.
    static func lineNumber(of offset: Int, in bytes: [UInt8]) -> Int {
        1 + bytes[..<offset].count { $0 == ServicesCSV.lineFeed }
    }

    static func error(
        _ failure: CSVRecord.Failure, _ file: UnsafeRawBufferPointer, _ line: Range<Int>
    ) -> ServicesCSVError {
        let number = 1 + file[..<line.lowerBound].count { $0 == ServicesCSV.lineFeed }
        return ServicesCSVError(
            line: number, column: failure.offset + 1, cell: failure.cell, message: failure.message)
    }

    /// A line of a group, with its number.
    struct Found {
        let number: Int
        let record: CSVRecord

        func error(_ column: ServicesCSV.Column, _ message: String) -> ServicesCSVError {
            ServicesCSVError(
                line: number, column: record.offset(of: column) + 1, cell: column, message: message)
        }
    }

    /// The lines of the group with the key, in order; if a server is given, only its lines. The file's lines must be
    /// valid.
    func lines(of key: [UInt8], server: RealServer? = nil, limit: Int = 1) -> [Found] {
        var found = [Found]()
        var number = 0
        for line in bytes.split(separator: ServicesCSV.lineFeed) {
            number += 1
            guard number > 1, let record = try? line.withUnsafeBufferPointer({ try CSVRecord(line: $0, version) }),
                record.key == key
            else { continue }
            if let server {
                guard record.text(.backendAddress).isAddress(server.address),
                    record.text(.backendPort) == (server.port == 0 ? "" : String(server.port))
                else { continue }
            }
            found.append(Found(number: number, record: record))
            if found.count == limit { break }
        }
        return found
    }

    /// The number of the line that has the rule, or of the header.
    func line(of rule: EgressRule) -> Int {
        let text = Array(rule.description.utf8)
        return 1 + (bytes.split(separator: ServicesCSV.lineFeed).firstIndex { $0.elementsEqual(text) } ?? 0)
    }

    /// The error for a real server that a group has twice.
    func repeated(_ server: RealServer, in key: [UInt8]) -> ServicesCSVError {
        let found = lines(of: key, server: server, limit: 2)
        guard found.count == 2 else {
            return ServicesCSVError(line: 1, column: 1, message: "the real server \(server.address) stands twice")
        }
        return found[1].error(
            .backendAddress, "\(server.endpoint) stands already in line \(found[0].number) for this connection")
    }
}

extension RealServer {
    /// `10.1.0.11:8080`, `[fd00::1]:8080`; without the port with a mark.
    var endpoint: String {
        port == 0 ? "\(address)" : address.endpoint(port)
    }
}

extension String {
    fileprivate func isAddress(_ address: IPAddress) -> Bool { IPAddress(self) == address }
}
