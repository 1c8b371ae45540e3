package import Cloud
public import Foundation
import ServiceSupport
import ServicesExport
import Synchronization

/// Everything that ADMIN knows.
///
/// A write is a function on the `Cloud` value. Its result is checked as a whole for contradictions. The difference is
/// then stored with its events in one commit, based on the state on which it was planned. With `dryRun`, nothing is
/// stored.
public final class Registry: Sendable {
    package let store: any RegistryStore
    /// Requests that wait for another export.
    package let exportChanges = TagWaiters()
    /// Requests that wait for another configuration of a service.
    package let configurationChanges = TagWaiters()
    /// Nodes that wait for other assignments, by server.
    package let assignmentChanges = TagWaiters()
    /// Masters that wait for other orders, by service.
    package let orderChanges = TagWaiters()
    /// Which versions there are.
    package let versions: any VersionDirectory
    /// Requests that wait for another list.
    package let listChanges = TagWaiters()
    /// ADMIN's loops.
    package let loops = LoopTurns()
    /// Channels that wait for notices.
    package let outbox = TagWaiters()
    /// Requests that wait until gateways have confirmed a change, by location.
    package let confirmations = TagWaiters()
    /// Those who wait for a log, by its stream, and nodes that wait to be asked for logs, by server.
    package let logChanges = TagWaiters()
    /// Those who wait for the dump of a crash, by its id, and nodes that wait to be asked for dumps, by server.
    package let dumpChanges = TagWaiters()
    /// Those who cannot read every export.
    let olderReaders = OlderReaders()
    private let tokenUses = TokenUses()
    /// Which configurations services have fetched.
    package let configurationUses: ConfigurationUses
    /// What the clocks of rollouts and of moves say.
    let rolloutClocks: WorkClocks
    let moveClocks: WorkClocks
    /// The present time.
    package let now: @Sendable () -> Date
    /// A time that only increases, however the clock is set. It counts from an arbitrary moment.
    package let uptime: @Sendable () -> Duration
    private let memory = Mutex(Memory())
    private let loader = StateLoader()
    /// Writes are planned one after another. In parallel, all but one would have to be planned again.
    private let turns = Turns()

    /// States that are in memory and need not be loaded.
    private struct Memory: Sendable {
        var published: RegistryState?
        /// The state of the newest commit, set before the commit is made: readers see it in the store before it is
        /// published.
        var written: RegistryState?
    }

    package init(
        store: any RegistryStore, versions: (any VersionDirectory)? = nil,
        now: @escaping @Sendable () -> Date = { Date() }, uptime: @escaping @Sendable () -> Duration = Uptime.now
    ) {
        self.store = store
        self.versions = versions ?? StoredVersions(store)
        configurationUses = ConfigurationUses(store: store)
        rolloutClocks = WorkClocks(uptime: uptime)
        moveClocks = WorkClocks(uptime: uptime)
        self.now = now
        self.uptime = uptime
    }

    /// Opens the SQLite database at `path`, creates it if it does not exist, and brings its tables up to date.
    ///
    /// Throws `RegistryError.unavailable` with the path and the reason.
    public convenience init(
        path: String, now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Uptime.now
    ) throws {
        self.init(store: try SQLiteStore(path: path, now: now), now: now, uptime: uptime)
    }

    /// Closes the store. Committed changes are complete afterwards.
    public func close() throws { try store.close() }

    /// The tokens in the same store.
    public var tokens: TokenStore {
        TokenStore(
            store: store, now: now, uses: tokenUses, lists: listChanges,
            waiters: [
                exportChanges, configurationChanges, assignmentChanges, orderChanges, confirmations, listChanges,
                logChanges, dumpChanges,
            ])
    }

    // MARK: Reading

    /// The current state of the registry.
    ///
    /// Reads one row, so that a poll also finds out whether the store can be read; the rest is in memory. A state
    /// that is not in memory is loaded and built once, however many requests wait for it.
    ///
    /// - Parameter seen: the newest commit, if the caller has just read it.
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

    /// The state of a commit if it is in memory: the published state, or the one that is being committed.
    private func known(_ commit: CommitID) -> RegistryState? {
        memory.withLock { memory in
            [memory.published, memory.written].lazy.compactMap(\.self).first { $0.commit == commit }
        }
    }

    /// Publishes a state, and wakes those who wait for an export or a configuration that it changes.
    private func publish(_ state: RegistryState) async {
        let (isNews, hasOtherRollouts) = memory.withLock { memory in
            guard state.generation > memory.published?.generation ?? 0 else { return (false, false) }
            let before = memory.published?.cloud.rollouts
            memory.published = state
            return (true, before != state.cloud.rollouts)
        }
        guard isNews else { return }
        await exportChanges.publish(generation: state.generation, tags: state.exports.tags)
        await configurationChanges.publish(generation: state.generation, tags: state.configurations.digests)
        await assignmentChanges.publish(generation: state.generation, tags: state.assignments.tags)
        await orderChanges.publish(generation: state.generation, tags: state.orders.stamps)
        await listChanges.noteChange(of: .cloud, .gateways, .nodes, .links, .events)
        if hasOtherRollouts { await listChanges.noteChange(of: .rollouts) }
    }

    // MARK: Writing

    /// The result of a write.
    package struct Outcome: Sendable {
        package let summary: ChangeSummary
        /// The state afterwards; for a dry run, the state that would result.
        package var state: RegistryState
        /// The commit that the change was planned on.
        package let base: CommitID
        /// What people are to be told of it.
        package var notices: [Notice] = []

        /// Whether there is nothing to commit.
        var isEmpty: Bool { summary.difference.isEmpty && notices.isEmpty }
    }

    /// Changes the cloud.
    ///
    /// - Parameters:
    ///   - author: who makes it; a change that reaches beyond the author's scope is refused.
    ///   - places: the places of the parts of the change, for errors; computed from the state before.
    ///   - change: gets the state before; may throw to refuse. It must not wait. It is called again if another ADMIN
    ///     has committed in the meantime.
    package func write(
        by author: ChangeAuthor, dryRun: Bool,
        places: @escaping @Sendable (RegistryState) -> RequestPlaces = { _ in .none },
        _ change: @escaping @Sendable (inout Cloud, RegistryState) throws -> Void
    ) async throws -> Outcome {
        let time = Timestamp.text(now())
        let readers = try await olderReaders.gateways(in: store)
        let plan = { @Sendable (before: RegistryState, versions: [String: SiblingVersion]) throws in
            try before.changed(
                change, places: places, readers: readers, versions: versions, author: author, time: time)
        }
        guard !dryRun else {
            let before = try await state()
            let versions = try await siblingVersions(in: before.cloud)
            return try await BlockingWork.run { try plan(before, versions) }
        }
        return try await turns.run { [self] in
            while true {
                let before = try await state()
                let versions = try await siblingVersions(in: before.cloud)
                let outcome = try await BlockingWork.runInTurn { try plan(before, versions) }
                guard !outcome.isEmpty else { return outcome }
                guard try await commit(outcome, on: before, by: author.name, at: time) else { continue }
                // A server that gets the same name later is another one.
                for change in outcome.summary.difference.changes
                where change.kind == .server && change.action == .delete {
                    _ = try await tokens.removeTokens(of: change.name, by: author.name, dryRun: false)
                }
                return outcome
            }
        }
    }

    /// Commits what was planned on a state, and publishes the result.
    /// - Returns: whether it was committed; another ADMIN may have committed in the meantime.
    private func commit(
        _ outcome: Outcome, on before: RegistryState, by actor: String, at time: String
    ) async throws -> Bool {
        let after = outcome.state
        let difference = outcome.summary.difference
        let types = difference.changes.lazy.filter { $0.kind == .type }.map(\.name)
        let commit = CloudCommit(
            id: after.commit, parent: before.commit, difference: difference, before: before.cloud, after: after.cloud,
            revisions: types.reduce(into: [:]) { $0[$1] = after.revisions[$1] }, actor: actor, time: time,
            notices: outcome.notices)
        memory.withLock { $0.written = after }
        var isCommitted = false
        defer { if !isCommitted { memory.withLock { $0.written = nil } } }
        do {
            isCommitted = try await store.commit(commit) == .committed
        } catch RegistryError.uncertain {
            // The connection was lost during the commit. Before another attempt, look whether it was made.
            isCommitted = try await store.holds(commit.id)
        }
        if isCommitted { await publish(after) }
        if isCommitted, !outcome.notices.isEmpty {
            await outbox.advance("notices")
            await listChanges.noteChange(of: .notices)
        }
        return isCommitted
    }
}
