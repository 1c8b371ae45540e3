public import Names

extension Cloud {
    /// What the export has of an instance. An instance whose server is missing has its own state and a rollout's.
    public func effectiveState(of service: ServiceInstance) -> EffectiveState {
        EffectiveState(
            own: service.state, server: servers[service.server]?.state ?? .ready,
            rollout: heldBackByRollouts.contains(service.name) ? .drain : .ready)
    }
}
