import GatewaySync
import HealthChecks
import Netlink
import NetworkTypes
import ServicesExport
import TestSupport

/// The export of a small world in which much gets into each other's way.
struct RandomExport {
    private(set) var rows: [ExportRow] = []
    private var egress: [EgressRule] = []

    /// The lines of the file, without its header.
    var lines: [String] { rows.map(\.description) + egress.map(\.description) }
    /// The file.
    var bytes: [UInt8] { ServicesCSV.write(rows, egress: egress) }

    /// Adds, removes or changes a few rows, and at times an egress rule.
    mutating func change(_ random: inout SeededGenerator) {
        changeRows(&random)
        if Int.random(in: 0..<3, using: &random) == 0 { changeEgress(&random) }
    }

    private mutating func changeEgress(_ random: inout SeededGenerator) {
        let isIPv6 = Int.random(in: 0..<3, using: &random) == 0
        // One address is that of services, too.
        let addresses =
            (isIPv6
            ? ["2001:db8::36", "2001:db8::37", "2001:db8::38"]
            : [
                "198.51.100.36", "198.51.100.37", "198.51.100.39",
            ]).compactMap { IPAddress($0) }
        // Networks that contain each other, so that one must go for another to come.
        let networks =
            isIPv6 ? ["fd00:1::/32", "fd00:1::/48", "fd00:1:1::/48"] : ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"]
        let exceptions = isIPv6 ? ["fd00::/8", "2001:db8:2::/48"] : ["10.0.0.0/7", "192.0.2.0/24"]
        let rule = EgressRule(
            name: "out\(Int.random(in: 0...1, using: &random))", addressName: "out-ip",
            addresses: Array(addresses.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))).sorted(),
            sources: networks.shuffled(using: &random).prefix(1).compactMap { AddressPrefix($0) },
            exceptions: exceptions.shuffled(using: &random).prefix(Int.random(in: 0...1, using: &random))
                .compactMap { AddressPrefix($0) })
        egress.removeAll { other in
            other.name == rule.name && other.family == rule.family
                || other.sources.contains { one in rule.sources.contains { $0.overlaps(one) } }
        }
        if Int.random(in: 0..<4, using: &random) > 0 { egress.append(rule) }
    }

    private mutating func changeRows(_ random: inout SeededGenerator) {
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
                let rate = Bool.random(using: &random) ? nil : SourceLimit(rate: .init(count: 1 + limit, per: .second))
                let hairpin = Int.random(in: 0..<3, using: &random) == 0
                for index in rows.indices where rows[index].section == section {
                    if rows[index].method != .dnat { rows[index].options.maximumConnections = limit }
                    rows[index].options.maximumRate = 10 * limit
                    rows[index].options.limit = rate
                    let inside = rows[index].addresses[0].family == .ipv4 ? "10.0.0.0/8" : "fd00::/16"
                    rows[index].options.hairpin = hairpin ? [AddressPrefix(inside)!] : []
                }
            default:
                rows.append(Self.row(&random))
            }
        }
        // Only whole exports: what contradicts itself is dropped row by row.
        var valid = [ExportRow]()
        for row in rows where (try? ServicesDocument(parsing: ServicesCSV.write(valid + [row]))) != nil {
            valid.append(row)
        }
        rows = valid
    }

    /// What the rows of a port's section ask for, the same for all of them.
    private static func options(ofPort number: UInt16, isIPv6: Bool) -> ConnectionOptions {
        let sorry = SorryServer(isIPv6 ? "[fd00::9]:80" : "10.1.0.9:80")
        return switch number {
        case 0: ConnectionOptions(check: HealthCheck(.tcp), slowStart: 20)
        case 1: ConnectionOptions(maximumConnections: 50, check: HealthCheck(.tcp, dropAfter: nil), sorry: sorry)
        case 2: ConnectionOptions(check: HealthCheck(.tcp, port: 8081, dropAfter: 0), minimum: 1)
        default: ConnectionOptions(sorry: sorry)
        }
    }

    private static func options(ofMark number: UInt16) -> ConnectionOptions {
        switch number {
        case 0: ConnectionOptions(check: HealthCheck(.ping), minimum: 2, sorry: SorryServer("10.1.0.9"))
        case 3: ConnectionOptions(maximumConnections: 50, check: HealthCheck(.tcp, port: 22), slowStart: 5)
        default: .none
        }
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
                mark: 300 + UInt32(number), scheduler: .mh, options: options(ofMark: number),
                backendAddress: backend)
        default:
            return ExportRow(
                service: "p.\(host)", section: "port\(number)", transport: transport, addressName: "ip",
                addresses: [address], ports: [PortRange(80 + number)!],
                scheduler: [.wlc, .wlc, .dh, .rr][Int(number)], sources: number == 2 ? sources : [],
                options: options(ofPort: number, isIPv6: isIPv6), backendAddress: backend, backendPort: 8080)
        }
    }
}

extension DesiredState {
    /// The virtual services as the kernel has them in the end: without servers that are down for long, with a sorry server
    /// where nobody else serves, those of UDP alone without servers of weight 0, and those of dh that have another.
    /// - Parameter down: the targets that are down, and since when.
    func servicesInKernel(_ down: [ProbeTarget: Int] = [:]) -> [IPVS.ServiceIdentity: VirtualService] {
        var services = services
        for (identity, health) in health {
            services[identity]?.lay(down, health, Set(transports(of: identity)) == [.udp])
        }
        for (identity, service) in services {
            let isHashed =
                service.settings.scheduler == "dh" && service.destinations.contains { $0.settings.weight > 0 }
            guard isHashed || Set(transports(of: identity)) == [.udp] else { continue }
            services[identity]?.destinations.removeAll { $0.settings.weight == 0 }
        }
        return services
    }
}

extension VirtualService {
    /// What long standing verdicts make of it, worked out server by server.
    fileprivate mutating func lay(_ down: [ProbeTarget: Int], _ health: ServiceHealth, _ isUDP: Bool) {
        let wanted = destinations
        var serving = wanted.count { $0.settings.weight > 0 }
        // Who went down last is the first to be kept.
        let order = zip(wanted, health.targets).enumerated().compactMap { index, member in
            down[member.1].map { (since: $0, index: index, destination: member.0) }
        }.sorted { ($0.since, -$0.index) < ($1.since, -$1.index) }
        for (_, _, destination) in order {
            guard destination.settings.weight > 0, serving > health.overlay.minimum else { continue }
            serving -= 1
            let (index, _) = position(of: destination.identity)
            if health.overlay.dropAfter == nil, !isUDP {
                destinations[index].settings.weight = 0
            } else {
                destinations.remove(at: index)
            }
        }
        if let sorry = health.sorry, serving == 0, !wanted.contains(where: { $0.identity == sorry.identity }) {
            set(sorry.identity, sorry.settings)
        }
    }
}
