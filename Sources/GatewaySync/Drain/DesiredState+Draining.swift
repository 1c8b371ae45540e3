package import Netlink
import NetworkTypes
import ServicesExport
package import Text

/// The instances that the export has at weight 0: they stay, and get no new connections.
extension DesiredState {
    /// Their real servers in IPVS, by virtual service, each with the name of its instance. Virtual services of UDP alone
    /// are left out: their flows have no end to wait for. Costs a look at each group with such an instance.
    package var drainingServers: [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: ExactText]] {
        var found = [IPVS.ServiceIdentity: [IPVS.DestinationIdentity: ExactText]]()
        for group in drainingGroups.values {
            for service in group.virtualServices where transports(of: service).contains(where: { $0 != .udp }) {
                for server in group.servers where server.weight == 0 {
                    found[service, default: [:]][server.identity] = ExactText(server.service)
                }
            }
        }
        return found
    }

    /// Their ports under destination NAT, each with the names of the instances by real server. UDP is left out.
    package var drainingPorts: [Conntrack.Destination: [IPVS.DestinationIdentity: ExactText]] {
        var found = [Conntrack.Destination: [IPVS.DestinationIdentity: ExactText]]()
        for group in drainingGroups.values {
            for port in group.translatedPorts where TranslationRule.hasConnections(port.transport) {
                for server in group.servers where server.weight == 0 {
                    found[port, default: [:]][server.identity] = ExactText(server.service)
                }
            }
        }
        return found
    }

    /// The names of all of them.
    package var drainingInstances: Set<ExactText> {
        Set(drainingGroups.values.flatMap { $0.servers.filter { $0.weight == 0 }.map { ExactText($0.service) } })
    }
}

extension RealServer {
    fileprivate var identity: IPVS.DestinationIdentity { IPVS.DestinationIdentity(address: address, port: port) }
}
