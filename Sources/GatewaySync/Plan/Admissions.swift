import Netlink
import NetworkTypes

private struct AdmissionKey: Hashable {
    package let address: IPAddress
    package let transport: TransportProtocol
    package let ports: PortRange
}

extension Set<TableElement> {
    /// The elements that admit or mark packets for each virtual service, together with the element of its address.
    var admissions: [IPVS.ServiceIdentity: Set<TableElement>] {
        var marks = [AdmissionKey: IPVS.ServiceIdentity]()
        for case .mark(let address, let transport, let ports, let mark) in self {
            marks[AdmissionKey(address: address, transport: transport, ports: ports)] = .mark(mark, address.family)
        }
        var admissions = [IPVS.ServiceIdentity: Set<TableElement>]()
        for element in self {
            guard let transport = element.transport, let ports = element.ports else { continue }
            switch element {
            case .dnat, .limit, .hairpin, .inside, .exempt, .egress: continue
            case .address, .port, .range, .source, .mark: break
            }
            let service =
                marks[AdmissionKey(address: element.address, transport: transport, ports: ports)]
                ?? .address(element.address, transport, port: ports.first)
            admissions[service, default: []].formUnion([element, .address(element.address)])
        }
        return admissions
    }
}
