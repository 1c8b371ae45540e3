import Glibc
import NetworkTypes

/// Reads a file by comparing it with the previous one.
///
/// A line is known by the bytes of its columns `section` to the one before `backend_address`: they are the same for all
/// servers of a connection, so they are checked once, and for every further line only service, backend and weight are read, in
/// place. Whatever is unusual about a line (a new connection, quotes, a mistake) is left to `CSVRecord`, which alone
/// makes errors.
struct ServicesReader {
    private let previous: ServicesDocument
    private var version: ServicesCSV.Version { previous.version }
    private var table: GroupTable
    /// By index of `table`: the connection, and the group in the previous document.
    private var connections: [ExternalConnection]
    private var groups: [ExportGroup?]
    /// By index of `table`: index in `edits`, or -1.
    private var editIndex: [Int32]
    private var edits: [Edit] = []
    /// The egress rules of the lines that were read.
    private var egress: [EgressRule] = []
    /// The service of the previous line, since lines are sorted by service.
    private var lastService: (bytes: Range<Int>, name: String) = (0..<0, "")

    private struct Edit {
        var group: Int
        var removed: [RealServer] = []
        var added: [RealServer] = []
    }

    init(previous: ServicesDocument) {
        self.previous = previous
        table = GroupTable(minimumCapacity: previous.groups.count)
        for group in previous.groups { _ = table.insert(group.key, hash: group.hash) }
        connections = previous.groups.map(\.connection)
        groups = previous.groups
        editIndex = Array(repeating: -1, count: groups.count)
    }

    /// The new document and what differs from the previous one.
    ///
    /// - Parameter bytes: A file that `ServicesFrame` has checked, of the previous one's version.
    mutating func read(
        _ bytes: [UInt8]
    ) throws(ServicesCSVError) -> (document: ServicesDocument, changes: ExportChanges) {
        let common = CommonLines(previous.bytes, bytes)
        let removedRows = try readLines(of: previous.bytes, in: common.old) { $0.removed.append($1) }
        let removedEgress = Set(egress)
        egress = []
        let addedRows = try readLines(of: bytes, in: common.new) { $0.added.append($1) }
        let rules = (previous.egress.filter { !removedEgress.contains($0) } + egress).sorted {
            ($0.name, $0.family) < ($1.name, $1.family)
        }
        let rowCount = previous.rowCount - removedRows + addedRows

        var changes = ExportChanges()
        for edit in edits { try finish(edit, of: bytes, changes: &changes) }
        let remaining = changes.isEmpty ? previous.groups : groups.compactMap(\.self)
        if rules != previous.egress { changes.egress = rules }
        try ServicesCheck(groups: remaining, changes: changes, finder: LineFinder(bytes, version)).run()
        return (
            ServicesDocument(version: version, bytes: bytes, rowCount: rowCount, groups: remaining, egress: rules),
            changes
        )
    }

    /// Rebuilds a group from its previous rows, without removed and with added ones.
    private mutating func finish(
        _ edit: Edit, of bytes: [UInt8], changes: inout ExportChanges
    ) throws(ServicesCSVError) {
        let before = groups[edit.group]
        var servers = before?.servers ?? []
        if !edit.removed.isEmpty {
            let removed = Set(edit.removed)
            servers.removeAll(where: removed.contains)
        }
        servers.append(contentsOf: edit.added)
        var isSorted = true
        for index in servers.indices.dropFirst() where !RealServer.precedes(servers[index - 1], servers[index]) {
            isSorted = false
            break
        }
        if !isSorted {
            servers.sort(by: RealServer.precedes)
            for index in servers.indices.dropFirst() where servers[index].isSameEndpoint(as: servers[index - 1]) {
                throw LineFinder(bytes, version).repeated(servers[index], in: table.keys[edit.group])
            }
        }
        if let before, before.servers == servers { return }
        if let before { changes.removed.append(before) }
        guard !servers.isEmpty else {
            groups[edit.group] = nil
            return
        }
        let after = ExportGroup(
            connection: connections[edit.group], servers: servers, key: table.keys[edit.group],
            hash: table.hashes[edit.group])
        groups[edit.group] = after
        changes.added.append(after)
    }

    /// Reads the lines in a range of the file, and passes each to the edit of its group. Returns the number of lines.
    private mutating func readLines(
        of bytes: [UInt8], in range: Range<Int>, _ note: (inout Edit, RealServer) -> Void
    ) throws(ServicesCSVError) -> Int {
        lastService = (0..<0, "")
        return try bytes.withContiguousFile { (file) throws(ServicesCSVError) -> Int in
            var count = 0
            var start = range.lowerBound
            while start < range.upperBound {
                let rest = file.count - start
                guard let base = file.baseAddress, let feed = memchr(base + start, 0x0A, rest) else { break }
                let end = UnsafeRawPointer(feed) - base
                var read = knownLine(file, start..<end)
                if read == nil { read = try newLine(file, start..<end) }
                if let (group, server) = read {
                    if editIndex[group] < 0 {
                        editIndex[group] = Int32(edits.count)
                        edits.append(Edit(group: group))
                    }
                    note(&edits[Int(editIndex[group])], server)
                }
                count += 1
                start = end + 1
            }
            return count
        }
    }

    /// Reads a line whose connection is known; `nil` if anything about it is unusual.
    @inline(__always)
    private mutating func knownLine(_ file: UnsafeRawBufferPointer, _ line: Range<Int>) -> (Int, RealServer)? {
        guard let base = file.baseAddress, let comma = memchr(base + line.lowerBound, 0x2C, line.count)
        else { return nil }
        let service = line.lowerBound..<(UnsafeRawPointer(comma) - base)
        let columns = (service.upperBound + 1)..<line.upperBound
        guard let thirdComma = file.lastComma(in: columns),
            let secondComma = file.lastComma(in: columns.lowerBound..<thirdComma),
            let firstComma = file.lastComma(in: columns.lowerBound..<secondComma)
        else { return nil }
        let key = UnsafeRawBufferPointer(rebasing: file[columns.lowerBound..<firstComma])
        guard let group = table.find(key, hash: GroupTable.hash(key)),
            let address = IPAddress(utf8: file[(firstComma + 1)..<secondComma].asBytes),
            address.unusableReason == nil,
            let weight = file.decimal(in: (thirdComma + 1)..<line.upperBound),
            let name = serviceName(file, service)
        else { return nil }
        let connection = connections[group]
        guard address.family == connection.family || connection.method == .tunnel else { return nil }
        var port: UInt16 = 0
        if connection.mark == nil {
            guard let number = file.decimal(in: (secondComma + 1)..<thirdComma), number > 0 else { return nil }
            port = number
        } else if secondComma + 1 != thirdComma {
            return nil
        }
        return (group, RealServer(address: address, port: port, weight: weight, service: name))
    }

    /// Reads a line cell by cell; `nil` if it is an egress rule, which then is in `egress`.
    private mutating func newLine(
        _ file: UnsafeRawBufferPointer, _ line: Range<Int>
    ) throws(ServicesCSVError) -> (Int, RealServer)? {
        do throws(CSVRecord.Failure) {
            let record = try CSVRecord(complete: file[line].asBytes, version)
            if record.isEgress {
                egress.append(try record.egress())
                return nil
            }
            let key = record.key
            let hash = key.withUnsafeBytes { GroupTable.hash($0) }
            let known = key.withUnsafeBytes { table.find($0, hash: hash) }
            let connection = if let known { connections[known] } else { try record.connection() }
            let server = try record.server(of: connection)
            if let known { return (known, server) }
            connections.append(connection)
            groups.append(nil)
            editIndex.append(-1)
            return (table.insert(key, hash: hash), server)
        } catch {
            throw LineFinder.error(error, file, line)
        }
    }

    /// The name in `range`; the same string as for the previous line if the name is the same.
    @inline(__always)
    private mutating func serviceName(_ file: UnsafeRawBufferPointer, _ range: Range<Int>) -> String? {
        guard let base = file.baseAddress else { return nil }
        if range.count == lastService.bytes.count,
            memcmp(base + range.lowerBound, base + lastService.bytes.lowerBound, range.count) == 0, !range.isEmpty
        {
            return lastService.name
        }
        let bytes = file[range]
        guard ServicesCSV.isName(bytes) else { return nil }
        lastService = (range, String(decoding: bytes, as: UTF8.self))
        return lastService.name
    }
}

extension Slice<UnsafeRawBufferPointer> {
    var asBytes: UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(rebasing: self).assumingMemoryBound(to: UInt8.self)
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func lastComma(in range: Range<Int>) -> Int? {
        var index = range.upperBound
        while index > range.lowerBound {
            index -= 1
            if self[index] == ServicesCSV.comma { return index }
        }
        return nil
    }

    /// A decimal number of 16 bits in canonical form.
    @inline(__always)
    fileprivate func decimal(in range: Range<Int>) -> UInt16? {
        guard !range.isEmpty, range.count <= 5 else { return nil }
        guard range.count == 1 || self[range.lowerBound] != 0x30 else { return nil }
        var number = 0
        for index in range {
            let digit = self[index] &- 0x30
            guard digit <= 9 else { return nil }
            number = number * 10 + Int(digit)
        }
        return UInt16(exactly: number)
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with a typed error.
    fileprivate func withContiguousFile<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ServicesCSVError) -> Result
    ) throws(ServicesCSVError) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(ServicesCSVError) -> Result in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }
}
