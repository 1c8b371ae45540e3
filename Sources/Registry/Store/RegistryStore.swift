package import Cloud
package import Foundation

/// Where the registry is kept. Everything that is read from it and written to it goes through here; no engine's dialect
/// does. `SQLiteStore` is one engine, tests have another in memory.
///
/// Several ADMINs may share a store: each commit has an identity, a commit that is not made on the newest one is
/// refused, and background work has an epoch that ends when another ADMIN takes it over.
///
/// Every operation throws `RegistryError.unavailable` when the store cannot be read or written.
package protocol RegistryStore: Sendable {
    /// The newest commit, and the generation of the tokens. One row; every request asks for it.
    func position() async throws -> StorePosition

    /// What one look says of a request: the position, and the token it came with. Two rows.
    /// - Parameter hash: of the token; `nil`: none was sent.
    func look(for hash: Data?) async throws -> TokenLook

    // MARK: The cloud

    /// The whole cloud. Costs a walk over all of it.
    func load() async throws -> StoredCloud

    /// Makes the commit in one transaction, or nothing.
    /// - Throws: `RegistryError.uncertain` when the connection was lost while it was being made: `holds` says later
    ///   whether it was.
    func commit(_ commit: CloudCommit) async throws -> CommitResult

    /// Whether a commit was made, of the newest `rememberedCommits`.
    func holds(_ commit: CommitID) async throws -> Bool

    /// Since when each section has its mark, RFC 3339; those from before that was noted are absent.
    func markTimes() async throws -> [MarkID: String]

    /// Every revision of a type, the newest first; those of a type that is gone, too.
    func revisions(of type: String) async throws -> [TypeRevision]

    /// One revision of a type with its source; `nil` when there is none.
    func revision(_ number: Int, of type: String) async throws -> (revision: TypeRevision, source: String)?

    // MARK: Tokens

    /// Every token, by name. Costs one row each.
    func tokens() async throws -> [StoredToken]

    /// Whether there is none.
    func hasNoTokens() async throws -> Bool

    /// Adds a token with its event, and counts the generation of the tokens up.
    /// - Throws: `ChangeError.exists` when the name is taken.
    func addToken(_ token: StoredToken, _ event: EventEntry, isDryRun: Bool) async throws

    /// Removes a token with its event, and counts the generation of the tokens up.
    /// - Parameter event: for the token that is removed.
    /// - Throws: `ChangeError.missing` when there is none of the name.
    func removeToken(
        _ name: String, isDryRun: Bool, event: @escaping @Sendable (TokenRecord) -> EventEntry
    ) async throws

    // MARK: Events

    /// Events with ids above `after` and, where `before` is given, below it, in the order of their ids.
    ///
    /// - Returns: at most `limit`: the oldest ones, or with `before` the newest.
    func events(after: Int, before: Int?, limit: Int) async throws -> [StoredEvent]

    // MARK: Observations

    /// Every gateway as it was recorded last. Costs one row each.
    func gateways() async throws -> [StoredGateway]

    /// Writes what was observed, all of it in one transaction.
    func record(_ observations: Observations) async throws

    /// Deletes a gateway with its event.
    func deleteGateway(_ id: GatewayID, _ event: EventEntry) async throws

    // MARK: Background work

    /// Begins background work: whoever began before is refused from now on.
    /// - Returns: the epoch to work in.
    func beginEpoch() async throws -> Int

    /// Deletes events and revisions beyond the retention, the oldest first, at most `step` of each.
    /// - Throws: `RegistryError.superseded` when another has begun an epoch since.
    func prune(_ retention: Retention, step: Int, epoch: Int) async throws -> Pruned

    /// Looks after the files: called once a minute, waits for nobody.
    func maintain() async throws

    // MARK: The store itself

    /// Throws when the store cannot be read, or cannot be written. Whether it can be written is tried now and then,
    /// however often this is asked.
    func checkReadiness() async throws

    /// Ends all use. What was committed is whole afterwards.
    func close() throws
}

/// Commits that are remembered by their identity, for a caller who lost the answer.
package let rememberedCommits = 1_000

/// Names a commit. The generation alone would not do: a store that was put back from a backup counts again from there.
package struct CommitID: Sendable, Hashable {
    /// Counts the commits, from 1.
    package var generation: Int
    /// Random.
    package var nonce: Int64

    package init(generation: Int, nonce: Int64) {
        self.generation = generation
        self.nonce = nonce
    }

    /// An identity for the commit that follows this one.
    package func next() -> CommitID { CommitID(generation: generation + 1, nonce: .random(in: .min ... .max)) }
}

/// Where a store stands.
package struct StorePosition: Sendable, Hashable {
    package var commit: CommitID
    /// Rises when a token comes or goes.
    package var tokenGeneration: Int

    package init(commit: CommitID, tokenGeneration: Int) {
        self.commit = commit
        self.tokenGeneration = tokenGeneration
    }
}

/// A cloud as it is stored.
package struct StoredCloud: Sendable {
    package var commit: CommitID
    package var cloud: Cloud
    /// The current revision of each type.
    package var revisions: [String: TypeRevision]
    /// The last revisions of types that are gone: one that comes back counts on.
    package var formerRevisions: [String: Int]

    package init(
        commit: CommitID, cloud: Cloud, revisions: [String: TypeRevision], formerRevisions: [String: Int]
    ) {
        self.commit = commit
        self.cloud = cloud
        self.revisions = revisions
        self.formerRevisions = formerRevisions
    }
}

/// A change of the cloud to be stored, with its events.
package struct CloudCommit: Sendable {
    package var id: CommitID
    /// The commit it was made on.
    package var parent: CommitID
    package var difference: CloudDifference
    package var before: Cloud
    package var after: Cloud
    /// The revisions of the types that change.
    package var revisions: [String: TypeRevision]
    package var actor: String
    /// RFC 3339 in UTC.
    package var time: String
}

/// What came of a commit.
package enum CommitResult: Sendable, Hashable {
    case committed
    /// Another commit was made since the one it was made on: nothing was written.
    case superseded
}

/// What was observed since it was recorded last.
package struct Observations: Sendable {
    package var gateways: [StoredGateway] = []
    package var goneGateways: Set<GatewayID> = []
    /// When tokens were used last, by their hashes; RFC 3339 in UTC.
    package var tokenUses: [Data: String] = [:]

    package init(
        gateways: [StoredGateway] = [], goneGateways: Set<GatewayID> = [], tokenUses: [Data: String] = [:]
    ) {
        self.gateways = gateways
        self.goneGateways = goneGateways
        self.tokenUses = tokenUses
    }

    package var isEmpty: Bool { gateways.isEmpty && goneGateways.isEmpty && tokenUses.isEmpty }
}

/// What was deleted beyond the retention.
package struct Pruned: Sendable, Hashable {
    package var events: Int
    package var revisions: Int

    package init(events: Int, revisions: Int) {
        self.events = events
        self.revisions = revisions
    }
}
