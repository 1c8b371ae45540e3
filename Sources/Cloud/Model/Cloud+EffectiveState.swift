public import Names

extension Cloud {
    /// What the export has of an instance. An instance whose server is missing has its own state and a rollout's. Cost:
    /// grows with the rollouts that hold instances back.
    public func effectiveState(of service: ServiceInstance) -> EffectiveState {
        effectiveState(of: service, heldBack: rollouts.values.contains { $0.drained.contains(service.name) })
    }

    /// Like the function above, where it is known whether a rollout has the instance drained (`heldBackByRollouts`).
    package func effectiveState(of service: ServiceInstance, heldBack: Bool) -> EffectiveState {
        EffectiveState(
            own: service.state, server: servers[service.server]?.state ?? .ready, rollout: heldBack ? .drain : .ready)
    }

    /// The instances that rollouts have drained. Walks over all rollouts.
    package var heldBackByRollouts: Set<String> { rollouts.values.reduce(into: []) { $0.formUnion($1.drained) } }
}
