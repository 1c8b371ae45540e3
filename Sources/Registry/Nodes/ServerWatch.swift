import AdminAPI
import Cloud
import Foundation
public import Logging
public import ServiceLifecycle
import Synchronization

/// Finds out which servers are lost and which are back, and has services move (`Cloud.settleLosses`).
///
/// Silence is measured by a clock that cannot be set, and never from before ADMIN's own start. When ADMIN itself stood
/// still (its machine was paused, its disk hung), all silences begin anew: nobody could be heard meanwhile.
public actor ServerWatch: Service {
    /// The time between two looks. Each looks at every node.
    static let interval = Duration.seconds(1)
    /// A longer time between two looks means that ADMIN stood still.
    static let standstill = Duration.seconds(5)
    /// The time until services of lost servers that could not move are looked at again.
    static let patience = Duration.seconds(10)
    /// The time until a move that was refused is tried again.
    static let refusalPatience = Duration.seconds(60)
    /// Percent of a location's servers that may be lost at once without its services staying.
    public static let defaultShare = 33

    private struct Refusal {
        var reason: String
        var until: Duration
    }

    private let registry: Registry
    private let nodes: NodeRoster
    private let logger: Logger
    private let share: Mutex<Int>
    /// Servers whose node was heard of before ADMIN's start; `nil`: not known yet.
    private var others: Set<String>?
    private var start: Duration?
    private var lastLook: Duration?
    private var nextMoves = Duration.zero
    /// Before, nothing is tried again after a failure.
    private var nextTry = Duration.zero
    private var refusals: [String: Refusal] = [:]

    /// - Parameter share: percent of a location's servers; when more are silent at once, nothing moves.
    public init(registry: Registry, nodes: NodeRoster, share: Int = ServerWatch.defaultShare, logger: Logger) {
        self.registry = registry
        self.nodes = nodes
        self.share = Mutex(share)
        self.logger = logger
    }

    /// Sets another share, from the next look on.
    nonisolated public func reload(share: Int) { self.share.withLock { $0 = share } }

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("servers", registry.loops) {
            await self.look()
            return Self.interval
        }
    }

    /// Looks at all nodes, and writes what follows.
    package func look() async {
        do {
            let now = registry.uptime()
            if let lastLook, now - lastLook > Self.standstill {
                logger.notice("ADMIN stood still: the silence of nodes counts anew")
                start = nil
            }
            lastLook = now
            guard now >= nextTry else { return }
            let since = start ?? now
            start = since
            if others == nil { others = try await knownNodes() }
            var heard = await silences(since)
            var state = try await registry.state()
            let isDue = !state.cloud.lostServers.isEmpty && now >= nextMoves
            guard isDue || !state.cloud.unsettledLosses(heard).isEmpty else { return }
            // Nodes that were taken out since are not missed.
            others = try await knownNodes()
            heard = await silences(since)
            state = try await registry.state()
            nextMoves = now + Self.patience
            refusals = refusals.filter { $0.value.until > now }
            try await settle(heard, state, now)
        } catch {
            logger.failure("servers cannot be looked after now", error)
            nextTry = registry.uptime() + Self.patience
        }
    }

    private func silences(_ since: Duration) async -> NodeSilences {
        NodeSilences(
            await nodes.silences(of: others ?? [], since: since), share: share.withLock { $0 },
            time: Timestamp.text(registry.now()))
    }

    /// The servers whose tokens were used. Without any tokens, those that are lost.
    private func knownNodes() async throws -> Set<String> {
        let tokens = try await registry.store.tokens()
        guard !tokens.isEmpty else { return Set(try await registry.state().cloud.lostServers.keys) }
        return Set(
            tokens.lazy.map(\.record).filter { $0.role == .server && $0.lastUsedAt != nil }.compactMap(\.server))
    }

    private func settle(_ heard: NodeSilences, _ state: RegistryState, _ now: Duration) async throws {
        while true {
            let refused = refusals.mapValues(\.reason)
            var planned = state.cloud
            guard planned.settleLosses(heard, refused: refused) else { return }
            do {
                let outcome = try await registry.write(by: ChangeAuthor(TokenGrant.serverWatch), dryRun: false) {
                    cloud, _ in _ = cloud.settleLosses(heard, refused: refused)
                }
                tell(outcome)
                return
            } catch let error as ChangeError {
                // One move that is refused must not keep the others, nor people from being told.
                let moves = planned.services.values.filter {
                    $0.server != state.cloud.services[$0.name]?.server
                        || planned.moves[$0.name] != state.cloud.moves[$0.name]
                }
                guard let first = moves.map(\.name).min() else { throw error }
                let culprits = moves.count == 1 ? [first] : try await refusedAlone(moves.map(\.name), heard, error)
                for name in culprits {
                    refusals[name] = Refusal(reason: "\(error)", until: now + Self.refusalPatience)
                    logger.warning(
                        "a service of a lost server cannot move", metadata: ["service": "\(name)", "error": "\(error)"])
                }
            }
        }
    }

    /// The services whose move is refused even if they move alone; all, if only together they are refused.
    private func refusedAlone(_ names: [String], _ heard: NodeSilences, _ error: ChangeError) async throws -> [String] {
        var refused: [String] = []
        for name in names {
            let others = refusals.mapValues(\.reason)
                .merging(names.lazy.filter { $0 != name }.map { ($0, "not now") }) { $1 }
            do {
                _ = try await registry.write(by: ChangeAuthor(TokenGrant.serverWatch), dryRun: true) { cloud, _ in
                    _ = cloud.settleLosses(heard, refused: others)
                }
            } catch is ChangeError {
                refused.append(name)
            }
        }
        return refused.isEmpty ? names : refused
    }

    private func tell(_ outcome: Registry.Outcome) {
        for notice in outcome.notices {
            logger.warning("\(notice.title)", metadata: notice.text.isEmpty ? [:] : ["text": "\(notice.text)"])
        }
    }
}
