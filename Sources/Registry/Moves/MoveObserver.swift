import AdminAPI
package import Cloud
import Names
package import Rollouts

/// What nodes and gateways say of a service that moves.
package struct MoveObserver: Sendable {
    private let registry: Registry
    private let gateways: GatewayRoster
    private let nodes: NodeRoster

    package init(registry: Registry, gateways: GatewayRoster, nodes: NodeRoster) {
        self.registry = registry
        self.gateways = gateways
        self.nodes = nodes
    }

    /// Seconds after which a report counts although its server has not carried out everything that is assigned to it:
    /// another service may fail there.
    private static let settling = 10

    /// What is known now, by the move's clock.
    package func observation(of move: RecordedMove, in state: RegistryState) async throws -> MoveObservation {
        try await observation(of: move, now: registry.moveClocks.now(of: move), in: state)
    }

    /// Costs a look at each gateway of the locations.
    ///
    /// - Parameter now: seconds of the move's clock.
    func observation(
        of move: RecordedMove, now: Int, in state: RegistryState
    ) async throws -> MoveObservation {
        let digest = state.cloud.services[move.service]?.installation?.digest
        let stage = now - move.progress.since
        let lost = state.cloud.lostServers
        func place(_ server: String) async -> MoveObservation.Place {
            Self.place(
                await nodes.sighting(of: move.service, on: server), at: registry.uptime(), digest: digest,
                current: state.assignments.byServer[server]?.etag, secondsOfStage: stage)
        }
        let job = move.job.flatMap { state.cloud.jobs[$0] }
        return MoveObservation(
            now: now, old: await place(move.from), isOldLost: lost[move.from] != nil,
            new: lost[move.to] == nil ? await place(move.to) : .failing("the server is lost"),
            tests: job.map(Self.tests),
            confirmation: try await confirmation(of: move, in: state))
    }

    /// What a server's word comes to. That a service does not run is believed only of a server that has carried out what
    /// is assigned to it now, or that said so well after the stage began.
    static func place(
        _ told: NodeRoster.Sighting, at uptime: Duration, digest: String?, current: String?, secondsOfStage: Int
    ) -> MoveObservation.Place {
        guard !told.isSilent else { return .silent }
        let age = Int((uptime - told.heard).components.seconds)
        let isSettled = told.applied != nil && told.applied == current || secondsOfStage - age > settling
        guard let service = told.service, service.isAssigned, service.wanted == digest else {
            return .changing(nil)
        }
        switch service.state {
        case .running where service.version == digest: return .running
        case _ where service.isRefused: return .failing(service.problem ?? "its version is refused")
        case .stopped where service.version == digest && isSettled: return .stopped
        case .failing: return .failing(service.problem ?? "it ended by itself")
        default: return .changing(service.problem)
        }
    }

    private static func tests(_ job: Job) -> RolloutObservation.Job {
        switch job.end?.outcome {
        case nil: .running
        case .succeeded: .succeeded
        case .failed: .failed(job.end?.problem ?? "its tests have failed")
        case .unknown: .unknown(job.end?.problem ?? "its server does not say why")
        }
    }

    /// What the gateways at both places say. A location without a gateway has nothing to confirm.
    private func confirmation(
        of move: RecordedMove, in state: RegistryState
    ) async throws -> RolloutObservation.Confirmation {
        guard let generation = move.generation else { return .missing([]) }
        guard state.cloud.services[move.service].map(state.cloud.isExported) == true else { return .confirmed }
        var missing: [String] = []
        for location in Set([move.from, move.to].compactMap { state.cloud.servers[$0]?.location }).sorted() {
            let gateways = try await gateways.confirmation(
                of: generation, at: location, in: state, isCounting: false
            ).confirmation.gateways
            if let held = gateways.first(where: { $0.standing == .held }) { return .held(held.name) }
            missing += gateways.filter { $0.standing != .confirmed }.map(\.name)
        }
        return missing.isEmpty ? .confirmed : .missing(missing)
    }
}
