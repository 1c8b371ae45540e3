import HealthChecks
import NetworkTypes

extension ServicesCSV {
    /// The whole file: the header and the rows in the order of their bytes, with a line feed after each line.
    ///
    /// Rows are written as they are: `ServicesDocument` is what checks them. Columns that the version does not have are
    /// left out, and so are egress rules where it has none; `minimumVersion` says where that would be wrong.
    public static func write(
        _ rows: some Sequence<ExportRow>, egress: [EgressRule] = [], _ version: Version = .newest
    ) -> [UInt8] {
        var lines = [UInt8]()
        var ranges = [Range<Int>]()
        var lists = WrittenLists()
        for row in rows {
            let start = lines.count
            append(row, version, to: &lines, lists: &lists)
            lines.append(lineFeed)
            ranges.append(start..<lines.count)
        }
        for rule in egress where version >= EgressRule.minimumVersion {
            let start = lines.count
            lines.append(contentsOf: rule.description.utf8)
            lines.append(lineFeed)
            ranges.append(start..<lines.count)
        }
        var file = Array(version.header.utf8)
        file.reserveCapacity(file.count + 1 + lines.count)
        file.append(lineFeed)
        lines.withUnsafeBytes { lines in
            // The line feed is lower than every byte of a line, so it does not affect the order.
            ranges.sort { lines[$0].lexicographicallyPrecedes(lines[$1]) }
            for range in ranges { file.append(contentsOf: lines[range]) }
        }
        return file
    }

    static let lineFeed = UInt8(ascii: "\n")
    static let comma = UInt8(ascii: ",")

    /// Writes a row without its line feed.
    static func append(_ row: ExportRow, _ version: Version, to line: inout [UInt8]) {
        var lists = WrittenLists()
        append(row, version, to: &line, lists: &lists)
    }

    private static func append(
        _ row: ExportRow, _ version: Version, to line: inout [UInt8], lists: inout WrittenLists
    ) {
        func cell(_ text: String) {
            line.append(contentsOf: text.utf8)
            line.append(comma)
        }
        cell(row.service)
        cell(row.section)
        cell(row.transport.description)
        cell(row.addressName)
        lists.addresses.append(row.addresses, to: &line)
        lists.ports.append(row.ports, to: &line)
        cell(row.mark.map(String.init) ?? "")
        cell(row.method.rawValue)
        cell(row.scheduler.rawValue)
        cell(String(row.persistence))
        cell(row.drainTime.map { String($0) } ?? "")
        lists.sources.append(row.sources, to: &line)
        if version >= .two { lists.options.append(row.options, to: &line) }
        cell(row.backendAddress.description)
        cell(row.backendPort.map { String($0) } ?? "")
        line.append(contentsOf: String(row.weight).utf8)
    }
}

/// The lists that were last written. Adjacent rows usually have the same lists, and a list of a hundred addresses
/// takes time.
private struct WrittenLists {
    struct List<Element: Equatable & CustomStringConvertible> {
        private var elements: [Element] = []
        private var text: [UInt8] = []

        /// Appends the elements, separated by spaces, and a comma.
        mutating func append(_ elements: [Element], to line: inout [UInt8]) {
            if elements != self.elements {
                self.elements = elements
                text = Array(elements.lazy.map(\.description).joined(separator: " ").utf8)
            }
            line.append(contentsOf: text)
            line.append(ServicesCSV.comma)
        }
    }

    /// The cells of the options.
    struct Options {
        private var options: ConnectionOptions?
        private var text: [UInt8] = []

        /// Appends the cells, with a comma after each.
        mutating func append(_ options: ConnectionOptions, to line: inout [UInt8]) {
            if options != self.options {
                self.options = options
                text = Array((options.cells.joined(separator: ",") + ",").utf8)
            }
            line.append(contentsOf: text)
        }
    }

    var options = Options()
    var addresses = List<IPAddress>()
    var ports = List<PortRange>()
    var sources = List<AddressPrefix>()
}

extension ConnectionOptions {
    /// How many bytes the options take in a line of the newest version, with the commas behind them.
    public var byteCount: Int { cells.reduce(0) { $0 + $1.utf8.count + 1 } }

    /// The cells of the columns `max_connections` to `except`.
    fileprivate var cells: [String] {
        [
            "\(maximumConnections)", "\(maximumRate)", limit?.description ?? "", isOnePacket ? "1" : "0",
            persistenceMask.map { "\($0)" } ?? "", hairpin.map(\.description).joined(separator: " "),
            check?.description ?? "", "\(slowStart)", "\(minimum)", sorry?.description ?? "", "",
        ]
    }
}
