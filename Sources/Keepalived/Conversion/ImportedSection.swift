import HealthChecks
import NetworkTypes
import ServicesExport
import YAML

/// A gateway section that comes of a virtual server.
struct ImportedSection {
    enum Exposure {
        /// Public ports and those of the servers.
        case ports([(outside: UInt16, inside: UInt16)])
        case mark([PortRange])
    }

    var name: String
    var pool: String
    var exposure: Exposure
    var transports: [TransportProtocol]
    let server: VirtualServer
    /// The servers that are carried over, each address once.
    var servers: [RealServer]
    var maximumConnections = 0
    var check: HealthCheck?
    var sorry: VirtualServer.Sorry?

    /// The section as the list `gateway` of a meta-configuration has it.
    var yaml: YAMLNode {
        var pairs: [(String, YAMLNode)] = [("name", .text(name)), ("address", .text(pool))]
        let words = transports.map { YAMLNode.text($0.description) }
        switch exposure {
        case .ports(let ports):
            pairs.append(("ports", .mapping(ports.map { ("\($0.outside)", .plain("\($0.inside)")) })))
            pairs.append(("protocol", .list(words)))
        case .mark(let ranges):
            pairs.append(
                ("fwm", .mapping([("ports", .list(ranges.map { .plain("\($0)") })), ("protocols", .list(words))])))
        }
        pairs.append(("scheduler", .text(server.scheduler.rawValue)))
        pairs.append(("method", .text(server.method.rawValue)))
        pairs.append(("weight", .plain("\(servers.first?.weight ?? 1)")))
        if server.persistence > 0 { pairs.append(("persistence", .plain("\(server.persistence)"))) }
        if let mask = server.persistenceMask {
            let key = mask > 32 || servers.first?.address.family == .ipv6 ? "ipv6" : "ipv4"
            pairs.append(("persistence-mask", .mapping([(key, .plain("\(mask)"))])))
        }
        if server.isOnePacket != nil { pairs.append(("one-packet", .plain("true"))) }
        if maximumConnections > 0 { pairs.append(("max-connections", .plain("\(maximumConnections)"))) }
        if let check { pairs.append(("check", check.yaml)) }
        if let sorry {
            pairs.append(("sorry", .text(SorryServer(address: sorry.address, port: sorry.port ?? 0).description)))
        }
        return .mapping(pairs)
    }
}
