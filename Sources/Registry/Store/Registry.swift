package import Cloud
public import Foundation
import ServiceSupport
import ServicesExport
import Synchronization

/// Everything ADMIN knows.
///
/// A write is a function on the `Cloud` value: its result is checked for contradictions as a whole, then what differs
/// is stored with its events in one commit, made on the state that it was planned on. `dryRun` does all but the
/// storing.
public final class Registry: Sendable {
    package let store: any RegistryStore
    /// Those who wait for an export to differ.
    package let exportChanges = TagWaiters()
    /// Those who wait for a service's configuration to differ.
    package let configurationChanges = TagWaiters()
    /// Those who cannot read every export.
    let olderReaders = OlderReaders()
    private let tokenUses = TokenUses()
    package let now: @Sendable () -> Date
    /// Time that only goes on, however the clock is set; from any moment on.
    package let uptime: @Sendable () -> Duration
    private let memory = Mutex(Memory())
    private let loader = StateLoader()
    /// Writes are planned one after another: side by side all but one would be planned again.
    private let turns = Turns()

    /// States that need not be loaded.
    private struct Memory: Sendable {
        var published: RegistryState?
        /// The state of the newest commit, from before it is made on: readers see it in the store before it is
        /// published.
        var written: RegistryState?
    }

    package init(
        store: any RegistryStore, now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Uptime.now
    ) {
        self.store = store
        self.now = now
        self.uptime = uptime
    }

    /// Opens the SQLite database at `path`, makes it if there is none, and brings its tables up to date.
    ///
    /// Throws `RegistryError.unavailable` with the path and the reason.
    public convenience init(
        path: String, now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Uptime.now
    ) throws {
        self.init(store: try SQLiteStore(path: path, now: now), now: now, uptime: uptime)
    }

    /// Ends all use; what was committed is whole afterwards.
    public func close() throws { try store.close() }

    /// The tokens kept in the same store.
    public var tokens: TokenStore {
        TokenStore(store: store, now: now, uses: tokenUses, waiters: [exportChanges, configurationChanges])
    }

    // MARK: Reading

    /// What the registry holds now.
    ///
    /// One row is read, so a poll also finds out whether the store can be read; the rest is in memory. What is not is
    /// loaded and built once, however many ask for it meanwhile.
    ///
    /// - Parameter seen: The newest commit, when whoever asks has just read it.
    package func state(seen: CommitID? = nil) async throws -> RegistryState {
        let commit = if let seen { seen } else { try await store.position().commit }
        while true {
            if let state = known(commit) { return state }
            let state = try await loader.state { [self] in
                let stored = try await store.load()
                if let state = known(stored.commit) { return state }
                return try await BlockingWork.run { RegistryState(stored) }
            }
            await publish(state)
            if state.generation >= commit.generation { return state }
        }
    }

    /// The state of a commit, when it is in memory: the published one, or the one that is being committed.
    private func known(_ commit: CommitID) -> RegistryState? {
        memory.withLock { memory in
            [memory.published, memory.written].lazy.compactMap(\.self).first { $0.commit == commit }
        }
    }

    /// Makes a state the published one, and wakes those who wait for an export or a configuration it changes.
    private func publish(_ state: RegistryState) async {
        let isNews = memory.withLock { memory in
            guard state.generation > memory.published?.generation ?? 0 else { return false }
            memory.published = state
            return true
        }
        guard isNews else { return }
        await exportChanges.publish(generation: state.generation, tags: state.exports.tags)
        await configurationChanges.publish(generation: state.generation, tags: state.configurations.digests)
    }

    // MARK: Writing

    /// What a write came to.
    package struct Outcome: Sendable {
        package let summary: ChangeSummary
        /// The state after it: of a dry run, the state that would be.
        package var state: RegistryState
    }

    /// Changes the cloud.
    ///
    /// - Parameters:
    ///   - places: Where errors say that the parts of the change stand; from the state before.
    ///   - change: Gets the state before; may throw to refuse. It is called again when somebody else has committed
    ///     meanwhile, and must not wait.
    package func write(
        by actor: String, dryRun: Bool, places: @escaping @Sendable (RegistryState) -> RequestPlaces = { _ in .none },
        _ change: @escaping @Sendable (inout Cloud, RegistryState) throws -> Void
    ) async throws -> Outcome {
        let time = Timestamp.text(now())
        let readers = try await olderReaders.gateways(in: store)
        let plan = { @Sendable (before: RegistryState) throws in
            try before.changed(change, places: places, readers: readers, actor: actor, time: time)
        }
        guard !dryRun else {
            let before = try await state()
            return try await BlockingWork.run { try plan(before) }
        }
        return try await turns.run { [self] in
            while true {
                let before = try await state()
                let outcome = try await BlockingWork.runInTurn { try plan(before) }
                guard !outcome.summary.difference.isEmpty else { return outcome }
                if try await commit(outcome, on: before, by: actor, at: time) { return outcome }
            }
        }
    }

    /// Commits what was planned on a state, and publishes it.
    /// - Returns: whether it was made; somebody else may have committed meanwhile.
    private func commit(
        _ outcome: Outcome, on before: RegistryState, by actor: String, at time: String
    ) async throws -> Bool {
        let after = outcome.state
        let difference = outcome.summary.difference
        let types = difference.changes.lazy.filter { $0.kind == .type }.map(\.name)
        let commit = CloudCommit(
            id: after.commit, parent: before.commit, difference: difference, before: before.cloud, after: after.cloud,
            revisions: types.reduce(into: [:]) { $0[$1] = after.revisions[$1] }, actor: actor, time: time)
        memory.withLock { $0.written = after }
        var isCommitted = false
        defer { if !isCommitted { memory.withLock { $0.written = nil } } }
        do {
            isCommitted = try await store.commit(commit) == .committed
        } catch RegistryError.uncertain {
            // The connection was lost in the middle of it: it is looked for before it is tried again.
            isCommitted = try await store.holds(commit.id)
        }
        if isCommitted { await publish(after) }
        return isCommitted
    }
}
