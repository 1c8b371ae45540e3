import Cloud
import Foundation
public import Logging
import Rollouts
public import ServiceLifecycle

/// Works through the moves of services. Each step is one commit, so that whatever ends ADMIN, the next one goes on from
/// there.
///
/// A move has its own clock, which counts by `Registry.uptime` while an ADMIN runs: a wall clock that jumps changes
/// nothing, and no wait is shorter because ADMIN was restarted.
public actor MoveDriver: Service {
    /// The time between two looks while moves are on; each costs a row and a look at what nodes and gateways say.
    static let pace = Duration.milliseconds(200)
    /// The time between two looks while none is. Each reads one row.
    static let idle = Duration.seconds(1)

    private let registry: Registry
    private let observer: MoveObserver
    private let logger: Logger
    /// Whether a move was on when it last looked.
    private var isBusy = false
    /// What could not be written, by service: it is logged once.
    private var troubles: [String: String] = [:]

    public init(registry: Registry, gateways: GatewayRoster, nodes: NodeRoster, logger: Logger) {
        self.registry = registry
        observer = MoveObserver(registry: registry, gateways: gateways, nodes: nodes)
        self.logger = logger
    }

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("moves", registry.loops) { await self.look() ? Self.pace : Self.idle }
    }

    /// Takes each move that is on as far as what is known allows.
    /// - Returns: whether one is on.
    @discardableResult
    package func look() async -> Bool {
        guard let state = try? await registry.state() else { return isBusy }
        let open = state.cloud.openMoves
        registry.moveClocks.keep(open)
        troubles = troubles.filter { state.cloud.moves[$0.key]?.isOpen == true }
        for move in open { await advance(move, in: state) }
        isBusy = !open.isEmpty
        return isBusy
    }

    private func advance(_ move: RecordedMove, in state: RegistryState) async {
        let now = registry.moveClocks.now(of: move)
        do {
            var progress = move.progress
            progress.observe(try await observer.observation(of: move, now: now, in: state))
            guard progress != move.progress else { return }
            do {
                try await write(progress, of: move, clock: now)
            } catch let error as ChangeError {
                // What the cloud does not allow any more cannot be done; what cannot be given up is tried again.
                guard move.progress.canAbort else { throw error }
                progress = move.progress
                progress.fail("\(error)", now: now)
                try await write(progress, of: move, clock: now)
            }
            troubles[move.service] = nil
        } catch {
            guard troubles.updateValue("\(error)", forKey: move.service) != "\(error)" else { return }
            logger.failure("a move cannot go on, and is tried again", error, ["of": "\(move.service)"])
        }
    }

    private func write(_ progress: ServiceMove, of move: RecordedMove, clock: Int) async throws {
        let now = registry.now()
        let deadline = Timestamp.text(now.addingTimeInterval(Double(move.progress.policy.deadline)))
        let nonce = UInt32.random(in: .min ... .max)
        _ = try await registry.write(by: ChangeAuthor(move.createdBy), dryRun: false) { cloud, before in
            // Somebody may have ended it meanwhile.
            guard cloud.moves[move.service] == move else { return }
            try cloud.follow(
                progress, of: move.service, clock: clock, generation: before.generation + 1, at: Timestamp.text(now),
                deadline: deadline, nonce: nonce)
        }
    }
}
