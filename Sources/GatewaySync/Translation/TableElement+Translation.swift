package import Netlink
import NetworkTypes
import ServicesExport

extension TableElement {
    /// The single port of the element, in conntrack's form; `nil` for a range or an address.
    package var translatedPort: Conntrack.Destination? {
        guard let transport, let ports, ports.isSinglePort else { return nil }
        return Conntrack.Destination(address, transport, port: ports.first)
    }

    /// The real server that a port is translated to.
    package var translation: (port: Conntrack.Destination, server: IPVS.DestinationIdentity)? {
        guard case .dnat(let address, let transport, let port, let to, let toPort) = self else { return nil }
        return (Conntrack.Destination(address, transport, port: port), .init(address: to, port: toPort))
    }
}

extension ExportGroup {
    /// The ports that the group translates; empty for other forwarding methods.
    var translatedPorts: [Conntrack.Destination] {
        guard connection.method == .dnat else { return [] }
        return connection.addresses.flatMap { address in
            connection.ports.map { Conntrack.Destination(address, connection.transport, port: $0.first) }
        }
    }

    /// The server that receives new flows: the first that is ready.
    var translationTarget: RealServer? { servers.first { $0.weight > 0 } }
}
