import GatewaySync
import Netlink
import NetworkTypes
import Synchronization

/// Follows a kernel step by step and collects what would have hurt a packet.
final class Watch: Sendable {
    private struct Notes {
        var faults = [String]()
        /// Services that take new connections before and after the change, so must all along.
        var live = Set<IPVS.ServiceIdentity>()
        /// Services that verdicts may leave without servers: IPVS then refuses.
        var checked = Set<IPVS.ServiceIdentity>()
    }

    private let notes = Mutex(Notes())

    var faults: [String] { notes.withLock { $0.faults } }

    func begin(live: Set<IPVS.ServiceIdentity>) { notes.withLock { $0.live = live } }

    /// From now on these services may be without servers.
    func excuse(_ checked: some Sequence<IPVS.ServiceIdentity>) { notes.withLock { $0.checked.formUnion(checked) } }

    /// The kernel has refused something of the service: it need not be live.
    func pardon(_ service: IPVS.ServiceIdentity) { notes.withLock { _ = $0.live.remove(service) } }

    func look(_ state: KernelState) {
        notes.withLock { notes in
            for service in notes.live where !state.isLive(service) {
                notes.faults.append("\(service) takes no connections for a moment")
            }
            for element in state.table?.elements ?? [] {
                guard let service = state.service(behind: element) else { continue }
                // A UDP service whose servers all have weight 0 is there, without servers, and refuses.
                let canBeEmpty = element.transport == .udp || notes.checked.contains(service)
                if canBeEmpty ? state.services[service] == nil : state.services[service]?.destinations.isEmpty != false
                {
                    notes.faults.append("\(element) admits packets with nothing behind: \(service)")
                }
            }
        }
    }
}

extension KernelState {
    func isLive(_ service: IPVS.ServiceIdentity) -> Bool {
        services[service]?.destinations.contains { $0.settings.weight > 0 } == true
    }

    /// The virtual service that packets of an element come to; `nil` where there need be none.
    func service(behind element: TableElement) -> IPVS.ServiceIdentity? {
        guard let transport = element.transport, let ports = element.ports, let elements = table?.elements else {
            return nil
        }
        switch element {
        case .address, .dnat, .limit, .hairpin, .inside, .exempt, .egress: return nil
        case .mark(let address, _, _, let mark): return .mark(mark, address.family)
        case .port, .range, .source:
            for case .mark(element.address, transport, let marked, let mark) in elements
            where marked.contains(ports.first) && marked.contains(ports.last) {
                return .mark(mark, element.address.family)
            }
            for case .dnat(element.address, transport, ports.first, _, _) in elements { return nil }
            return .address(element.address, transport, port: ports.first)
        }
    }
}
