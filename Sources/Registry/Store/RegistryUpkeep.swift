import Foundation
public import Logging
public import ServiceLifecycle
import Synchronization

/// How much history the registry keeps.
public struct Retention: Sendable, Hashable {
    /// The number of newest events.
    public var events: Int
    /// The number of newest revisions that are not current, for all types together. Current revisions are always
    /// kept.
    public var revisions: Int
    /// The greatest size of the sources of those revisions, in bytes.
    public var revisionBytes: Int
    /// Days for which reports of crashes are kept, and groups that got none since.
    public var crashDays: Int

    public init(
        events: Int = 1_000_000, revisions: Int = 100_000, revisionBytes: Int = 1_000_000_000, crashDays: Int = 30
    ) {
        self.crashDays = crashDays
        self.events = events
        self.revisions = revisions
        self.revisionBytes = revisionBytes
    }
}

/// Keeps the registry's file from growing without end: the write-ahead log is truncated each minute, and history
/// beyond the retention is deleted every five minutes. Uploads that rest are looked at each minute, contents that no
/// version needs each hour.
public final class RegistryUpkeep: Service {
    /// The time between two rounds of upkeep.
    package static let interval = Duration.seconds(60)
    /// Rounds between two looks at the retention.
    static let turnsPerPruning = 5
    /// Rounds between two collections of contents that no version needs.
    static let turnsPerCollection = 60

    private let registry: Registry
    private let versions: VersionKeeper?
    private let retention: Mutex<Retention>
    private let logger: Logger

    public init(registry: Registry, retention: Retention, versions: VersionKeeper? = nil, logger: Logger) {
        self.registry = registry
        self.versions = versions
        self.retention = Mutex(retention)
        self.logger = logger
    }

    /// Sets another retention, from the next look on.
    public func reload(_ retention: Retention) { self.retention.withLock { $0 = retention } }

    /// Works until the service group shuts down, or another ADMIN has taken over.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var epoch: Int?
            for turn in 0... {
                if epoch == nil { epoch = await self.beginEpoch() }
                if let epoch, turn % Self.turnsPerPruning == 0 { await self.prune(in: epoch) }
                await self.maintain()
                await self.versions?.lookAfter(
                    collecting: turn % Self.turnsPerCollection == Self.turnsPerCollection - 1)
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// - Returns: `nil` if the store cannot be written now.
    private func beginEpoch() async -> Int? {
        do {
            return try await registry.store.beginEpoch()
        } catch {
            logger.failure("the registry's upkeep cannot begin", error)
            return nil
        }
    }

    private func prune(in epoch: Int) async {
        do {
            let retention = retention.withLock { $0 }
            let gone = try await registry.store.prune(retention, epoch: epoch)
            let start = registry.now().addingTimeInterval(Double(-86_400 * retention.crashDays))
            let crashes = try await registry.store.pruneCrashes(before: Timestamp.text(start), epoch: epoch)
            guard gone.events + gone.revisions + crashes > 0 else { return }
            if crashes > 0 { await registry.listChanges.noteChange(of: .crashes) }
            logger.info(
                "what is beyond the retention was deleted",
                metadata: [
                    "events": "\(gone.events)", "revisions": "\(gone.revisions)", "crashes": "\(crashes)",
                ])
        } catch RegistryError.superseded {
            logger.info("another ADMIN looks after the registry now")
        } catch {
            logger.failure("what is beyond the retention cannot be deleted", error)
        }
    }

    private func maintain() async {
        do {
            try await registry.store.maintain()
        } catch {
            // A long reader may hold the log. The next round tries again.
            logger.debug("the store's files cannot be looked after now", metadata: ["error": "\(error)"])
        }
    }
}

extension RegistryStore {
    /// Deletes events and revisions beyond the retention, the oldest first, in steps between which others can write.
    package func prune(_ retention: Retention, epoch: Int, step: Int = 5_000) async throws -> Pruned {
        var gone = Pruned(events: 0, revisions: 0)
        while true {
            let last = try await prune(retention, step: step, epoch: epoch)
            gone.events += last.events
            gone.revisions += last.revisions
            if last.events < step, last.revisions < step { return gone }
        }
    }

    /// Deletes reports of crashes that came before a time, and groups that got none since, in steps between which others
    /// can write.
    package func pruneCrashes(before time: String, epoch: Int, step: Int = 500) async throws -> Int {
        var gone = 0
        while true {
            let last = try await pruneCrashes(before: time, step: step, epoch: epoch)
            gone += last
            if last < step { return gone }
        }
    }
}
