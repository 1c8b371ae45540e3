public import Cloud
import CombinedConfiguration
import Names
import NetworkTypes
import ServicesExport
import YAML

extension MetaConfiguration {
    /// Reads bytes that may be anything as a file of service types, exports what they ask for and combines the
    /// configurations of their services: an entry for fuzzers.
    ///
    /// - Returns: whether they are valid.
    /// - Precondition: loading never crashes, errors have a place, and types without contradictions make an export that
    ///   gateways accept; a configuration says in YAML and in JSON the same, and every value of it is accounted for.
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
        combine(cloud)
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

    private static func combine(_ cloud: Cloud) {
        let set = ConfigurationSet(of: cloud)
        for (name, service) in cloud.services where cloud.types[service.type]?.configuration.isFake == false {
            let directory = set.directory(of: cloud)
            guard let root = set.configuration(of: name, directory) else {
                precondition(
                    !set.faults(of: name, directory).isEmpty, "\(name) has neither a configuration nor a reason")
                continue
            }
            let leaves = root.leaves
            precondition(Set(leaves.map(\.pointer)).count == leaves.count, "two values at one place")
            let values = root.revealing { $0.name }.yaml
            var limits = YAMLLimits()
            limits.size = .max
            limits.text = .max
            limits.nodes = .max
            for text in [values.yamlText(), root.revealing { $0.name }.jsonText] {
                do throws(YAMLError) {
                    let again = try YAMLDocument.parseOne(text, file: "again", limits: limits)
                    precondition(again.hasSameValue(as: values), "it reads as another: \(text)")
                } catch {
                    preconditionFailure("\(error) in what was written: \(text)")
                }
            }
        }
    }

    /// A location with two servers and one instance of each type on each, and every pool that a section names, each
    /// with addresses of its own.
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
            types: configurations.map { ServiceType(source: "", configuration: $0) }, services: services,
            secrets: [SealedSecret(name: "s", revision: 1, sealed: [], stamp: [], changedBy: "", changedAt: "")])
    }
}
