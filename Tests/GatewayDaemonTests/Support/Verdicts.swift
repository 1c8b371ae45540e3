import GatewayDaemon
import GatewaySync
import HealthChecks
import TestSupport

/// The targets that are down, and since when, as a prober tells them.
extension [ProbeTarget: Int] {
    /// The prober tells a few verdicts on targets of the site.
    mutating func tell(_ site: Site, _ random: inout SeededGenerator) {
        let targets = site.synchronizer.reconciler.health.targets.sorted { $0.value.id < $1.value.id }.map(\.key)
        for target in targets where Int.random(in: 0..<4, using: &random) == 0 {
            let isDown = Bool.random(using: &random)
            if !isDown {
                self[target] = nil
            } else if self[target] == nil {
                self[target] = site.now * 1_000
            }
            site.tell(target, isDown ? .down : .up)
        }
    }

    /// Drops targets that have left the export: what was known of them is forgotten.
    mutating func forget(_ site: Site) {
        let known = site.synchronizer.reconciler.health.targets
        self = filter { known[$0.key] != nil }
    }
}
