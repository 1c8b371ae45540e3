import JSON
import ServicesExport
import Text

/// A line of `services.csv`, split into columns to be shown. ADMIN has validated it.
struct ExportLine: Equatable {
    typealias Column = ServicesCSV.Column

    let version: ServicesCSV.Version
    /// As many as the version has columns.
    private let values: [String]

    /// `nil` when the line has other columns than this command knows. No valid value needs quotes. The number of cells
    /// tells the version, since each version only adds columns.
    init?(_ line: some StringProtocol) {
        values = line.splitBytes(",").map { String($0) }
        guard let version = ServicesCSV.Version.allCases.first(where: { [values] in $0.columns.count == values.count })
        else { return nil }
        self.version = version
    }

    /// The text of a cell; empty where the version has no such column.
    subscript(column: Column) -> String { version.columns.firstIndex(of: column).map { values[$0] } ?? "" }

    var service: String { self[.service] }
    var section: String { self[.section] }
    var weight: String { self[.weight] }

    /// The lines of an export, without its header.
    static func lines(of csv: some Collection<UInt8>) throws(CommandError) -> [ExportLine] {
        let lines = String(decoding: csv, as: UTF8.self).splitBytes("\n", omittingEmpty: true)
        guard let header = lines.first,
            let version = ServicesCSV.Version.allCases.first(where: { header.isExactly($0.header) })
        else {
            throw CommandError(
                "the export has other columns than this command knows",
                hint: "Is this an ADMIN of the same version as this command?")
        }
        return try lines.dropFirst().map { line throws(CommandError) in
            guard let row = ExportLine(line), row.version == version else {
                throw CommandError("the export has a broken line: \(line)")
            }
            return row
        }
    }

    /// Whether it is an egress rule.
    private var isEgress: Bool { self[.method].isExactly(EgressRule.method) }

    /// The public addresses and ports: `198.51.100.36:80/tcp`; of an egress rule the addresses alone.
    var external: String {
        if isEgress { return self[.addresses].replacingByte(" ", with: ",") }
        let addresses = self[.addresses].splitBytes(" ").map { $0.hasByte(":") ? "[\($0)]" : String($0) }
        let ports = self[.ports].replacingByte(" ", with: ",")
        return "\(addresses.joined(separator: ",")):\(ports)/\(self[.transport])"
    }

    /// The address and port of the real server: `10.1.0.11:8080`; without the port if the client's is kept. The
    /// inside networks of an egress rule.
    var backend: String {
        if isEgress { return self[.sources].replacingByte(" ", with: ",") }
        let address = self[.backendAddress]
        let port = self[.backendPort]
        if port.isEmpty { return address }
        return address.hasByte(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// The other columns for the gateway: `masq wlc`, `mark 257 masq mh persistence 300 drain 900`.
    var treatment: String {
        if isEgress {
            let exceptions = self[.exceptions].replacingByte(" ", with: ",")
            return self[.method] + (exceptions.isEmpty ? "" : " except \(exceptions)")
        }
        var parts = self[.mark].isEmpty ? [] : ["mark \(self[.mark])"]
        parts += [self[.method], self[.scheduler]]
        if self[.persistence] != "0" { parts.append("persistence \(self[.persistence])") }
        if !self[.drainTime].isEmpty { parts.append("drain \(self[.drainTime])") }
        if !self[.sources].isEmpty { parts.append("from \(self[.sources].replacingByte(" ", with: ","))") }
        func add(_ name: String, _ column: Column) {
            if !self[column].isEmpty, self[column] != "0" { parts.append("\(name) \(self[column])") }
        }
        add("max-connections", .maximumConnections)
        add("max-rate", .maximumRate)
        add("limit", .limit)
        if self[.onePacket] == "1" { parts.append("one-packet") }
        add("persistence-mask", .persistenceMask)
        if !self[.hairpin].isEmpty { parts.append("hairpin \(self[.hairpin].replacingByte(" ", with: ","))") }
        add("check", .check)
        add("slow-start", .slowStart)
        add("minimum", .minimum)
        add("sorry", .sorry)
        return parts.joined(separator: " ")
    }

    /// The treatment and the weight, if there is one.
    var details: String { isEgress ? treatment : "\(treatment) weight \(weight)" }

    /// The columns that differ: `weight 100 → 50`.
    func differences(to after: ExportLine) -> [String] {
        Column.allCases.compactMap { column in
            func shown(_ text: String) -> String { text.isEmpty ? "none" : text }
            let change = "\(column.name) \(shown(self[column])) → \(shown(after[column]))"
            return self[column] == after[column] ? nil : change
        }
    }
}

extension ExportLine {
    /// An object with the columns as its names: numbers are numbers, lists are arrays, what is empty is null.
    var json: JSONValue {
        .object(
            version.columns.map { column in
                let value: JSONValue
                switch column {
                case .addresses, .ports, .sources, .hairpin, .exceptions:
                    value = .array(self[column].splitBytes(" ", omittingEmpty: true).map { .string(String($0)) })
                case .mark, .persistence, .drainTime, .maximumConnections, .maximumRate, .onePacket, .persistenceMask,
                    .slowStart, .minimum, .backendPort, .weight:
                    value = Int(self[column]).map { .integer($0) } ?? .null
                case .limit, .check, .sorry:
                    value = self[column].isEmpty ? .null : .string(self[column])
                default:
                    value = .string(self[column])
                }
                return JSONValue.Member(name: column.name, value: value)
            })
    }
}
