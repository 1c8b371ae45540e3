package import Netlink
import ServicesExport

extension DesiredState {
    /// Whether packets to the service's port are forwarded by destination NAT instead of IPVS.
    func isTranslated(_ service: IPVS.ServiceIdentity) -> Bool {
        guard case .address(let address, let transport, let port) = service else { return false }
        return translations[Conntrack.Destination(address, transport, port: port)]?.translationTarget != nil
    }

    /// Which flows to a port may stay.
    package func rule(for port: Conntrack.Destination, drains: Drains, now: Int) -> TranslationRule {
        let draining = drains.translations[port, default: [:]].filter { $0.value > now }.keys
        guard let group = translations[port] else {
            return TranslationRule(port, servers: Set(draining), sources: sources(of: port))
        }
        let servers = group.servers.map { IPVS.DestinationIdentity(address: $0.address, port: $0.port) }
        return TranslationRule(
            port,
            target: group.translationTarget.map { IPVS.DestinationIdentity(address: $0.address, port: $0.port) },
            servers: Set(servers).union(draining), sources: group.connection.sources)
    }
}
