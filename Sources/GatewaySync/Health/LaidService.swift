import HealthChecks
public import Netlink

/// A virtual service of the export with verdicts laid over it.
public struct LaidService: Sendable, Hashable {
    /// What the kernel should have: weights as the verdicts make them, without servers that are taken out, perhaps with the
    /// sorry server.
    public var service: VirtualService
    /// Real servers that are taken out without a drain, since nobody answers there.
    public var out: Set<IPVS.DestinationIdentity>

    /// - Parameter outcomes: of the real servers, in their order; empty: they are not checked.
    init(_ wanted: VirtualService, _ outcomes: [WeightOverlay.Outcome], sorry: IPVS.Destination?) {
        service = wanted
        out = []
        for (index, outcome) in outcomes.enumerated() {
            switch outcome {
            case .out: out.insert(wanted.destinations[index].identity)
            case .weight(let weight): service.destinations[index].settings.weight = UInt32(weight)
            }
        }
        if !out.isEmpty { service.destinations.removeAll { [out] in out.contains($0.identity) } }
        if let sorry, !service.destinations.contains(where: { $0.settings.weight > 0 }),
            wanted[sorry.identity] == nil
        {
            service.set(sorry.identity, sorry.settings)
        }
    }
}
