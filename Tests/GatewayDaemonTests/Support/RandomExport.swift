import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import TestSupport

/// Rows of a small world in which much gets into each other's way.
enum RandomExport {
    /// Adds, removes or changes a few rows of a small world.
    static func change(_ rows: [ExportRow], _ random: inout SeededGenerator) -> [ExportRow] {
        var rows = rows
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where !rows.isEmpty:
                rows.remove(at: Int.random(in: rows.indices, using: &random))
            case 1 where !rows.isEmpty:
                rows[Int.random(in: rows.indices, using: &random)].weight = Int.random(in: 0...2, using: &random)
            case 2 where !rows.isEmpty && Int.random(in: 0..<4, using: &random) == 0:
                let section = rows[Int.random(in: rows.indices, using: &random)].section
                rows.removeAll { $0.section == section }
            case 3 where !rows.isEmpty && Int.random(in: 0..<4, using: &random) == 0:
                let section = rows[Int.random(in: rows.indices, using: &random)].section
                let limit = Int.random(in: 0...2, using: &random) * 100
                for index in rows.indices where rows[index].section == section && rows[index].method != .dnat {
                    rows[index].options.maximumConnections = limit
                }
            default:
                rows.append(row(&random))
            }
        }
        // Only whole exports: what contradicts itself is dropped row by row.
        var valid = [ExportRow]()
        for row in rows where (try? ServicesDocument(parsing: ServicesCSV.write(valid + [row]))) != nil {
            valid.append(row)
        }
        return valid
    }

    private static func row(_ random: inout SeededGenerator) -> ExportRow {
        let host = UInt32.random(in: 1...4, using: &random)
        let number = UInt16.random(in: 0...3, using: &random)
        let isIPv6 = Int.random(in: 0..<4, using: &random) == 0
        let address = isIPv6 ? IPAddress("2001:db8::36")! : IPAddress(ipv4: 0xC633_6424)
        let backend =
            isIPv6 ? IPAddress(ipv6High: 0xFD00 << 48, low: UInt64(host)) : IPAddress(ipv4: 0x0A01_0000 + host)
        let transport: TransportProtocol = Bool.random(using: &random) ? .tcp : .udp
        let sources = Bool.random(using: &random) ? [] : [AddressPrefix(isIPv6 ? "2001:db8:1::/48" : "203.0.113.0/24")!]
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            return ExportRow(
                service: "d.\(host)", section: "dnat\(number)", transport: transport, addressName: "ip",
                addresses: [address], ports: [PortRange(100 + number)!], method: .dnat, sources: sources,
                backendAddress: backend, backendPort: 80)
        case 1, 2:
            // Ranges of different marks overlap, so one must go for another to come.
            return ExportRow(
                service: "m.\(host)", section: "mark\(number)", transport: .tcp, addressName: "ip",
                addresses: [address], ports: [PortRange(20_000 + 500 * number, 20_999 + 500 * number)!],
                mark: 300 + UInt32(number), scheduler: .mh,
                options: ConnectionOptions(maximumConnections: number == 3 ? 50 : 0),
                backendAddress: backend)
        default:
            return ExportRow(
                service: "p.\(host)", section: "port\(number)", transport: transport, addressName: "ip",
                addresses: [address], ports: [PortRange(80 + number)!],
                scheduler: [.wlc, .wlc, .dh, .rr][Int(number)], sources: number == 2 ? sources : [],
                options: ConnectionOptions(maximumConnections: number == 1 ? 50 : 0), backendAddress: backend,
                backendPort: 8080)
        }
    }
}

extension DesiredState {
    /// The virtual services as the kernel has them in the end: those of UDP alone without servers of weight 0, and
    /// those of dh that have another.
    var servicesInKernel: [IPVS.ServiceIdentity: VirtualService] {
        var services = services
        for (identity, service) in services {
            let isHashed =
                service.settings.scheduler == "dh" && service.destinations.contains { $0.settings.weight > 0 }
            guard isHashed || Set(transports(of: identity)) == [.udp] else { continue }
            services[identity]?.destinations.removeAll { $0.settings.weight == 0 }
        }
        return services
    }
}
