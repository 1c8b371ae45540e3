package import HealthChecks
package import Netlink
import ServicesExport

/// How the real servers of one virtual service are checked, and what verdicts make of it.
package struct ServiceHealth: Sendable, Hashable {
    /// What is probed for each real server, in their order; empty: they are not checked.
    package let targets: [ProbeTarget]
    package let overlay: WeightOverlay
    /// Who gets new connections while no real server does.
    package let sorry: IPVS.Destination?
}

extension ExportGroup {
    /// What is probed for the group, with the instance behind it. Several instances may have one target.
    package var probes: [(target: ProbeTarget, instance: String)] {
        guard let check = connection.options.check else { return [] }
        return servers.map { (ProbeTarget(check, address: $0.address, port: check.port ?? $0.port), $0.service) }
    }

    /// `nil`: neither checked nor with a sorry server.
    var health: ServiceHealth? {
        let options = connection.options
        guard options.check != nil || options.sorry != nil, connection.method != .dnat else { return nil }
        return ServiceHealth(
            targets: probes.map(\.target),
            overlay: WeightOverlay(
                slowStart: options.slowStart * 1_000, minimum: options.minimum,
                dropAfter: options.check?.dropAfter),
            sorry: options.sorry.map { sorry in
                IPVS.Destination(
                    IPVS.DestinationIdentity(address: sorry.address, port: sorry.port),
                    IPVS.DestinationSettings(method: forwardingMethod, weight: 1))
            })
    }
}
