import NetworkTypes
import ServicesExport
import YAML

extension MetaConfiguration {
    /// Reads bytes that may be anything as a file of service types, and exports what they ask for: an entry for fuzzers.
    ///
    /// - Returns: whether they are valid.
    /// - Precondition: loading never crashes, errors have a place, and types without contradictions make an export that
    ///   gateways accept.
    @discardableResult
    public static func fuzz(_ bytes: [UInt8]) -> Bool {
        let configurations: [MetaConfiguration]
        do throws(YAMLErrors) {
            configurations = try load(bytes, file: "fuzz")
        } catch {
            precondition(error.errors.allSatisfy { $0.position.line >= 1 && $0.position.column >= 1 }, "\(error)")
            return false
        }
        var cloud = fuzzedCloud(configurations)
        guard let marks = try? cloud.allocatingMarks() else { return true }
        cloud.marks = marks
        guard cloud.contradictions(blaming: ["t"]).isEmpty else { return true }
        let rows = cloud.exportRows(location: "l")
        do throws(ServicesCSVError) {
            let document = try ServicesDocument(parsing: ServicesCSV.write(rows))
            precondition(document.rowCount == rows.count, "rows got lost")
            precondition(ExportDifference(from: document.rows, to: rows).isEmpty, "the export reads differently")
        } catch {
            preconditionFailure("the export is refused: \(error)")
        }
        return true
    }

    /// A location with two servers and one instance of each type on each, and every pool that a section names, each with
    /// addresses of its own.
    private static func fuzzedCloud(_ configurations: [MetaConfiguration]) -> Cloud {
        let server = { (number: UInt64) in
            Server(
                name: "s\(number)", location: "l", kind: .app,
                addresses: [
                    IPAddress(ipv4: 0x0A00_0000 + UInt32(number)), IPAddress(ipv6High: 0xFD00 << 48, low: number),
                ])
        }
        let pools = Set(configurations.flatMap(\.gateway).map(\.pool)).sorted().enumerated().map { number, name in
            AddressPool(
                location: "l", name: name,
                addresses: [
                    IPAddress(ipv4: 0xC633_6400 + UInt32(number)),
                    IPAddress(ipv6High: 0x2001_0DB8 << 32, low: UInt64(number) + 1),
                ])
        }
        let services = configurations.flatMap { type in
            (1...2).map {
                ServiceInstance(type: type.type, index: $0, server: "s\($0)", state: $0 == 1 ? .ready : .drain)
            }
        }
        return Cloud(
            locations: [Location(name: "l")], pools: pools, servers: [server(1), server(2)],
            types: configurations.map { ServiceType(source: "", configuration: $0) }, services: services)
    }
}
