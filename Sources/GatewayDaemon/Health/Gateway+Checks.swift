import AdminAPI
import GatewaySync
import HealthChecks

extension Gateway {
    /// The health of real servers for the status; `nil` if none is checked. Cost: a look at each target
    /// that is down, and at each instance behind one.
    func checks() -> GatewayStatus.Checks? {
        let health = synchronizer.reconciler.health
        guard !health.targets.isEmpty else { return nil }
        let now = clocks().bootMilliseconds
        var unknown = 0
        var down: [(target: ProbeTarget, known: CheckedTarget)] = []
        for target in health.notable {
            guard let known = health.targets[target] else { continue }
            switch known.verdict {
            case .up: continue
            case .down: down.append((target, known))
            case nil: unknown += 1
            }
        }
        down.sort { ($0.known.since, $0.known.id) > ($1.known.since, $1.known.id) }
        // An instance may have several targets.
        let instances = down.reduce(into: Set<CheckedTarget.User>()) { $0.formUnion($1.known.users.keys) }
        var room = Limits.reportedDown
        return GatewayStatus.Checks(
            prober: prober.channel == nil ? .gone : prober.isWorking(at: now) ? .working : .silent,
            isInForce: health.isInForce,
            targets: health.targets.count, up: health.targets.count - down.count - unknown, downCount: down.count,
            downInstances: instances.count,
            down: down.prefix(GatewayStatus.Checks.shown).map { target, known in
                let users = known.users.keys.sorted().prefix(room)
                room -= users.count
                return GatewayStatus.Checks.Target(
                    target: target.endpoint, check: "\(target.check)", since: known.since / 1_000,
                    reason: known.failure, instances: users.map { "\($0.service)/\($0.section)" },
                    instanceCount: known.users.count)
            },
            holdsUntil: health.stormEnd.map { ($0 + 999) / 1_000 }, problem: prober.state?.problem,
            probes: prober.state?.probes, failedProbes: prober.state?.failed,
            lateness: prober.state.map { Double($0.lateness.percentile99) / 1_000 })
    }
}
