public import Names
import Rollouts
import Text

extension Cloud {
    /// What the export has of an instance. An instance whose server is missing has its own state and a rollout's. One that
    /// ADMIN installs is in no export while it is stopped, or until its server first says that it runs. One that leaves a
    /// lost server is drained by its server until it is at the new one.
    public func effectiveState(of service: ServiceInstance) -> EffectiveState {
        let server = servers[service.server]?.state ?? .ready
        return EffectiveState(
            own: service.state, server: leavesLostServer(service) ? max(server, .drain) : server,
            rollout: heldBackByRollouts.contains(service.name) ? .drain : .ready, absence: absence(of: service))
    }

    private func absence(of service: ServiceInstance) -> EffectiveState.Origin? {
        guard let installation = service.installation, isExported(service) else { return nil }
        return installation.desired == .stopped ? .stopped : installation.isStarting ? .starting : nil
    }

    /// Whether the type of an instance has gateway sections.
    package func isExported(_ service: ServiceInstance) -> Bool {
        types[service.type]?.configuration.gateway.isEmpty == false
    }

    /// The instances that are in no export until their servers say that they run. Walks over all services.
    package var startingServices: [ServiceInstance] {
        services.values.filter { isExported($0) && $0.installation?.isStarting == true }
    }

    /// Whether the server of an instance is lost, and a move away from it is on, or was tried since.
    private func leavesLostServer(_ service: ServiceInstance) -> Bool {
        guard let lost = lostServers[service.server], let move = moves[service.name],
            move.from.isExactly(service.server), !move.progress.isSwitched
        else { return false }
        return move.isOpen || move.createdAt >= lost.since
    }
}
