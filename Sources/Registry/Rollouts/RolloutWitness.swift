import AdminAPI
import Cloud
import HealthChecks
import Names
import Rollouts
import Text
import Versions

/// What gateways, servers and tests say of a rollout's instances.
struct RolloutWitness {
    let registry: Registry
    let gateways: GatewayRoster
    let nodes: NodeRoster
    let state: RegistryState
    let rollout: ServiceRollout
    /// When instances got the versions that they have, by `Registry.uptime`: what their servers said before is about
    /// others.
    let assigned: [String: Duration]
    /// What became of tests from outside.
    let outside: [RolloutJob: RolloutObservation.Job]
    /// What each instance waits for, in words.
    private(set) var waits: [String: String] = [:]
    /// Locations without any gateway at which instances are drained or admitted.
    private(set) var unguarded: Set<String> = []
    private var confirmations: [Question: Confirmation] = [:]

    private struct Question: Hashable {
        var location: String
        var generation: Int
    }

    init(
        registry: Registry, gateways: GatewayRoster, nodes: NodeRoster, state: RegistryState, rollout: ServiceRollout,
        assigned: [String: Duration], outside: [RolloutJob: RolloutObservation.Job]
    ) {
        self.registry = registry
        self.gateways = gateways
        self.nodes = nodes
        self.state = state
        self.rollout = rollout
        self.assigned = assigned
        self.outside = outside
    }

    /// Cost: a look at each gateway of each location concerned, and at each instance that has the version, is being changed,
    /// or goes back.
    mutating func observation(now: Int) async throws -> RolloutObservation {
        var observation = RolloutObservation(now: now)
        let isReverting = rollout.progress.ending == .reverted
        for instance in rollout.progress.instances {
            guard let service = state.cloud.services[instance.name] else { continue }
            switch instance.stage {
            case .waiting:
                if isReverting, instance.isChanged { await lookAtHealth(of: instance, service, &observation) }
                if instance.version == rollout.progress.target(of: instance) {
                    await lookAtServer(of: instance, service, &observation)
                }
            case .stuck: break
            case .done:
                guard instance.isDone, instance.isChanged, !isReverting else { continue }
                await lookAtServer(of: instance, service, &observation)
                await lookAtHealth(of: instance, service, &observation)
            case .draining, .admitting, .emptying: try await lookAtGateways(of: instance, service, &observation)
            case .starting: await lookAtServer(of: instance, service, &observation)
            case .testing, .baking, .probing:
                await lookAtServer(of: instance, service, &observation)
                await lookAtHealth(of: instance, service, &observation)
            }
        }
        lookAtJobs(&observation)
        return observation
    }

    // MARK: Gateways

    private mutating func lookAtGateways(
        of instance: RolloutInstance, _ service: ServiceInstance, _ observation: inout RolloutObservation
    ) async throws {
        let name = instance.name
        guard state.cloud.isExported(service), let location = state.cloud.servers[service.server]?.location else {
            // No gateway knows of it.
            (observation.confirmations[name], observation.connections[name]) = (.confirmed, 0)
            return
        }
        let confirmation = try await self.confirmation(of: rollout.generations[name] ?? state.generation, at: location)
        if confirmation.gateways.isEmpty { unguarded.insert(location) }
        let counted = confirmation.gateways.filter { !rollout.progress.withoutGateways.contains($0.name) }
        let open = counted.filter { $0.standing != .confirmed }.map(\.name)
        if let held = counted.first(where: { $0.standing == .held }) {
            observation.confirmations[name] = .held(held.name)
            waits[name] = "\(held.name) holds the export back" + (held.reason.map { ": \($0)" } ?? "")
        } else if open.isEmpty {
            observation.confirmations[name] = .confirmed
        } else {
            observation.confirmations[name] = .missing(open)
            waits[name] = "\(open.joined(separator: ", ")) to confirm"
        }
        var counts = counted.map { $0.connections?[ExactText(name)] }
        if instance.stage == .emptying, open.isEmpty, counts.contains(nil),
            state.cloud.effectiveState(of: service).state == .maint, let server = state.cloud.servers[service.server]
        {
            // The export does not have it, so that no gateway counts it; they tell of what has left the export.
            let left = await gateways.connectionsLeft(at: server, in: state)
            counts = counted.map { left[$0.name] }
        }
        if counts.allSatisfy({ $0 != nil }) {
            observation.connections[name] = counts.reduce(0) { $0 + ($1 ?? 0) }
        }
        guard instance.stage == .emptying else { return }
        waits[name] =
            switch observation.connections[name] {
            case nil: "gateways to count its connections"
            case 1: "1 connection to end"
            case let count?: "\(count) connections to end"
            }
    }

    private mutating func confirmation(of generation: Int, at location: String) async throws -> Confirmation {
        let question = Question(location: location, generation: generation)
        if let known = confirmations[question] { return known }
        let answer = try await gateways.confirmation(of: generation, at: location, in: state, isCounting: true)
            .confirmation
        confirmations[question] = answer
        return answer
    }

    // MARK: Servers

    private mutating func lookAtServer(
        of instance: RolloutInstance, _ service: ServiceInstance, _ observation: inout RolloutObservation
    ) async {
        let name = instance.name
        let sighting = await nodes.sighting(of: name, on: service.server)
        switch instance.stage {
        case .starting: waits[name] = "\(service.server) to begin"
        case .waiting: waits[name] = "\(service.server) to run it"
        default: break
        }
        guard !sighting.isSilent else {
            observation.lost.insert(name)
            if instance.stage != .done { waits[name] = "\(service.server), which is silent" }
            return
        }
        guard let seen = sighting.service,
            instance.stage != .starting || sighting.heard >= assigned[name] ?? .zero
        else { return }
        let state: RolloutObservation.Service.State =
            switch seen.state {
            case .running where seen.version == seen.wanted: .running
            case _ where seen.isRefused && seen.wanted == instance.version:
                .refused(seen.problem ?? "it does not say why")
            case .running: .running
            case .failing: .failing(seen.problem ?? "it does not keep running")
            case .installing, .starting, .stopping, .stopped, .absent: .changing
            }
        observation.services[name] = .init(
            wanted: seen.wanted, version: seen.version, state: state, restarts: seen.restarts, trouble: seen.problem)
        guard seen.wanted == instance.version else { return }
        let trouble = seen.problem.map { ": \($0)" } ?? ""
        switch instance.stage {
        case .starting: waits[name] = "\(service.server) to start it\(trouble)"
        case .waiting: waits[name] = "\(service.server) to run it\(trouble)"
        default: break
        }
    }

    // MARK: Health

    private mutating func lookAtHealth(
        of instance: RolloutInstance, _ service: ServiceInstance, _ observation: inout RolloutObservation
    ) async {
        let sections = (state.cloud.types[service.type]?.configuration.gateway ?? []).filter { $0.options.check != nil }
        let location = state.cloud.servers[service.server]?.location ?? ""
        let reason = await gateways.downReason(of: instance.name, sections: sections.map(\.name), at: location)
        guard instance.stage != .waiting else {
            let sighting = await nodes.sighting(of: instance.name, on: service.server)
            let isFailing = !sighting.isSilent && sighting.service?.state == .failing
            observation.unhealthy[instance.name] = reason ?? (isFailing ? "it fails at its server" : nil)
            return
        }
        if instance.stage == .baking, waits[instance.name] == nil {
            waits[instance.name] = "\(rollout.progress.policy.bake) s of health"
        }
        guard let reason else { return }
        // A server that was down while it was started needs some probes until it is up.
        let settling = sections.compactMap(\.options.check?.timing).map(Self.settling).max() ?? 0
        if observation.now - instance.since >= settling {
            observation.unhealthy[instance.name] = reason
        } else {
            observation.recovering[instance.name] = reason
            if instance.stage != .done { waits[instance.name] = reason }
        }
    }

    /// Seconds within which a healthy server that was down is up again, and the gateway has told of it.
    private static func settling(_ timing: HealthCheck.Timing) -> Int {
        (timing.interval + (timing.rise + 1) * (timing.fastInterval + timing.timeout)) / 1_000 + 5
    }

    // MARK: Tests

    private mutating func lookAtJobs(_ observation: inout RolloutObservation) {
        for job in rollout.progress.jobs {
            switch job.origin {
            case .outside:
                observation.jobs[job] = outside[job]
                waits[job.instance] = "the tests from outside"
            case .node:
                guard let id = rollout.jobs[job], let known = state.cloud.jobs[id] else { continue }
                waits[job.instance] = "the tests on \(known.server), job \(id)"
                observation.jobs[job] =
                    switch known.end?.outcome {
                    case nil: .running
                    case .succeeded: .succeeded
                    case .failed: .failed("its tests have failed" + (known.end?.problem.map { ": \($0)" } ?? ""))
                    case .unknown: .unknown(known.end?.problem ?? "its server does not say why")
                    }
            }
        }
    }
}
