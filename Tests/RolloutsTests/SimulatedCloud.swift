import Rollouts

/// Gateways, servers and tests as a rollout sees them, all at once obedient.
struct SimulatedCloud {
    var now = 0
    /// What each instance has running.
    var running: [String: String?]
    /// Versions that cannot be started, that fail their tests, and that fall ill while they bake.
    var broken: Set<String> = []
    /// Versions that servers refuse, and why; they leave the one before.
    var refused: [String: String] = [:]
    var failing: Set<String> = []
    var failingOutside: Set<String> = []
    var ill: Set<String> = []
    /// Attempts of which nobody sees how their tests on servers end.
    var unseen: Set<Int> = []
    /// Gateways that say nothing, and that hold each export back.
    var silent: Set<String> = []
    var holding: Set<String> = []
    /// Connections that do not end.
    var connections: [String: Int] = [:]
    /// What must not happen, found while it went on.
    var faults: [String] = []
    /// How many instances were drained at most at a time.
    var mostDrained = 0

    init(_ names: [String], version: String?) { running = Dictionary(names.map { ($0, version) }) { $1 } }

    func observation(_ rollout: Rollout) -> RolloutObservation {
        var observation = RolloutObservation(now: now)
        for instance in rollout.instances {
            let name = instance.name
            observation.confirmations[name] =
                holding.first.map { .held($0) } ?? (silent.isEmpty ? .confirmed : .missing(silent.sorted()))
            observation.connections[name] = connections[name] ?? 0
            let version = running[name] ?? nil
            let isBroken = version.map(broken.contains) ?? false
            observation.services[name] = .init(
                wanted: version, version: version, state: isBroken ? .failing("it exits with 1") : .running)
            if let version = instance.version, let reason = refused[version] {
                observation.services[name] = .init(wanted: version, version: "1", state: .refused(reason))
            }
            if let version, ill.contains(version) { observation.unhealthy[name] = "HTTP 500" }
        }
        for job in rollout.jobs {
            let isBad = (job.origin == .node ? failing : failingOutside).contains(job.version)
            observation.jobs[job] = isBad ? .failed("the test smoke ended with 1") : .succeeded
            if job.origin == .node, unseen.contains(job.attempt) {
                observation.jobs[job] = .unknown("the node was ended")
            }
        }
        return observation
    }

    /// Does what the rollout wants, and tells it.
    mutating func step(_ rollout: inout Rollout, seconds: Int = 1) {
        now += seconds
        let seen = observation(rollout)
        let before = Dictionary(uniqueKeysWithValues: rollout.instances.map { ($0.name, $0) })
        rollout.observe(seen)
        mostDrained = max(mostDrained, rollout.drained.count)
        for instance in rollout.instances {
            guard let old = before[instance.name], old.version != instance.version else { continue }
            // An instance that runs is changed only where no gateway sends it anything.
            let isDrained =
                old.stage.isDrained && instance.stage.isDrained || seen.confirmations[instance.name] == .confirmed
            if !isDrained { faults.append("\(instance.name) is changed under clients") }
        }
        for (name, version) in rollout.versions
        where running[name] != version && version.map({ refused[$0] == nil }) ?? true {
            running[name] = version
        }
    }

    /// Goes on until the rollout ends or pauses.
    mutating func run(_ rollout: inout Rollout, atMost steps: Int = 5_000) {
        for _ in 0..<steps {
            step(&rollout)
            if rollout.isOver { return }
            if case .paused = rollout.state,
                !rollout.instances.contains(where: { ![.waiting, .done, .stuck].contains($0.stage) })
            {
                return
            }
        }
    }
}

/// `pgw.1` to `pgw.N` with version 1, to go to version 2.
func rollout(_ count: Int = 4, _ policy: RolloutPolicy = RolloutPolicy()) -> (Rollout, SimulatedCloud) {
    let names = (1...count).map { "pgw.\($0)" }
    return (
        Rollout(names.map { (name: $0, version: "1") }, to: "2", by: policy), SimulatedCloud(names, version: "1")
    )
}
