package import AdminAPI
package import Cloud
package import Foundation
package import Versions

/// The store of the registry. All reads and writes go through it, and no SQL of an engine does. `SQLiteStore` is one
/// engine; tests have another one in memory.
///
/// Several ADMINs may share a store: each commit has an identity, a commit that is not based on the newest one is
/// refused, and background work has an epoch that ends when another ADMIN takes it over.
///
/// Every operation throws `RegistryError.unavailable` if the store cannot be read or written.
package protocol RegistryStore: Sendable {
    /// The newest commit, and the generation of the tokens. Cost: one row. Every request calls it.
    func position() async throws -> StorePosition

    /// What a request needs: the position, and its token. Cost: two rows.
    /// - Parameter hash: the hash of the token; `nil` if none was sent.
    func look(for hash: Data?) async throws -> TokenLook

    // MARK: The cloud

    /// Reads the whole cloud. Cost: walks over all of it.
    func load() async throws -> StoredCloud

    /// Makes the commit in one transaction, or not at all.
    /// - Throws: `RegistryError.uncertain` if the connection was lost during the commit. `holds` tells later whether
    ///   it was made.
    func commit(_ commit: CloudCommit) async throws -> CommitResult

    /// Whether a commit was made, among the newest `rememberedCommits`.
    func holds(_ commit: CommitID) async throws -> Bool

    /// When each section got its mark, RFC 3339. Marks from before this was recorded are absent.
    func markTimes() async throws -> [MarkID: String]

    /// Every revision of a type, the newest first, also for a deleted type.
    func revisions(of type: String) async throws -> [TypeRevision]

    /// One revision of a type with its source; `nil` if there is none.
    func revision(_ number: Int, of type: String) async throws -> (revision: TypeRevision, source: String)?

    // MARK: Tokens

    /// Every token, by name. Cost: one row each.
    func tokens() async throws -> [StoredToken]

    /// Whether there is no token.
    func hasNoTokens() async throws -> Bool

    /// Adds a token with its event, and increases the generation of the tokens.
    /// - Throws: `ChangeError.exists` if the name is taken.
    func addToken(_ token: StoredToken, _ event: EventEntry, isDryRun: Bool) async throws

    /// Removes a token with its event, and increases the generation of the tokens.
    /// - Parameter event: makes the event for the removed token.
    /// - Throws: `ChangeError.missing` if there is no such token.
    func removeToken(
        _ name: String, isDryRun: Bool, event: @escaping @Sendable (TokenRecord) -> EventEntry
    ) async throws

    /// Removes tokens of a server, and adds one in their place, with their events and in one transaction; increases the
    /// generation of the tokens.
    /// - Throws: `ChangeError.exists` if the name of the new one is taken by a token that stays.
    func swapTokens(_ swap: TokenSwap) async throws -> TokenSwapResult

    // MARK: Events

    /// Events that a filter lets through, with ids above `after` and, if `before` is given, below it, in the order of
    /// their ids. Cost: with a name, an actor or a kind, grows with the events that have it; with times alone, walks over
    /// events until there are enough.
    ///
    /// - Returns: at most `limit`: the oldest ones, or with `before` the newest.
    func events(_ filter: EventFilter, after: Int, before: Int?, limit: Int) async throws -> [StoredEvent]

    // MARK: Versions

    /// Every version of every type. Cost: one row each.
    func versions() async throws -> [StoredVersion]

    /// One version; `nil` if there is none.
    func version(_ name: VersionName) async throws -> StoredVersion?

    /// The version with a manifest; `nil` if there is none.
    func version(ofManifest digest: ContentDigest) async throws -> StoredVersion?

    /// Adds a version with its event. Its manifest is removable no longer.
    /// - Throws: `VersionError.taken` if the name, or the manifest, belongs to another version.
    func addVersion(_ version: StoredVersion, _ event: EventEntry) async throws

    /// Changes a version with its event.
    /// - Parameter change: changes it and makes the event; `nil`: nothing is written.
    /// - Returns: the version afterwards; `nil` if there is none.
    func changeVersion(
        _ name: VersionName, _ change: @escaping @Sendable (inout StoredVersion) throws -> EventEntry?
    ) async throws -> StoredVersion?

    /// Removes a version with its event. Its manifest becomes removable.
    func removeVersion(_ version: StoredVersion, _ event: EventEntry) async throws

    /// Manifests that are in the directory of versions although no version has them, or not yet.
    func removableManifests() async throws -> [RemovableManifest]

    func addRemovableManifest(_ manifest: RemovableManifest) async throws

    func forgetRemovableManifest(_ digest: ContentDigest) async throws

    /// What is known of contents, by their digests. Cost: one look each.
    func blobs(_ digests: [ContentDigest]) async throws -> [ContentDigest: StoredBlob]

    /// The contents that were needed at a time (RFC 3339) or later, or those that were not. Cost: walks over all.
    func blobs(touchedSince time: String, orNot isBefore: Bool) async throws -> Set<ContentDigest>

    /// Records a content, in the place of what was known of it.
    func recordBlob(_ blob: StoredBlob) async throws

    /// Notes that contents were needed at a time.
    func touchBlobs(_ digests: [ContentDigest], at time: String) async throws

    func forgetBlobs(_ digests: [ContentDigest]) async throws

    // MARK: Notices

    /// The notices that are kept, in their order and without their texts. Cost: one row each.
    func notices() async throws -> [StoredNotice]

    /// One notice; `nil`: there is none, or it is not kept any more.
    func notice(_ number: Int) async throws -> StoredNotice?

    /// The notices with higher numbers, in their order, at most `limit`. Cost: one row each.
    func notices(after number: Int, limit: Int) async throws -> [StoredNotice]

    /// What has become of notices at channels; of one notice, or of all. Cost: one row each.
    func noticeOutcomes(of number: Int?) async throws -> [NoticeOutcome]

    /// How far each channel has come. Cost: one row each.
    func noticeChannels() async throws -> [NoticeChannelState]

    /// Records how far a channel has come, and what has become of notices there, in one transaction.
    func record(_ state: NoticeChannelState, _ outcomes: [NoticeOutcome]) async throws

    /// Adds a channel that is to get all notices from now on, and returns its state; that of one which is there already
    /// stays.
    func addNoticeChannel(_ name: String) async throws -> NoticeChannelState

    func forgetNoticeChannel(_ name: String) async throws

    /// Removes the oldest notices beyond the newest `kept` that are settled at all channels.
    /// - Returns: how many.
    func pruneNotices(keeping kept: Int) async throws -> Int

    // MARK: Crashes

    /// Keeps a crash report, counts it in its group, and writes what follows, in one transaction. What is beyond the
    /// limits goes, and stays counted. Cost: does not depend on the number of reports.
    ///
    /// - Parameter following: what follows; gets the crash with the group in which it is.
    func keepCrash(
        _ crash: StoredCrash, _ limits: CrashLimits,
        following: @escaping @Sendable (StoredCrash, CrashStanding) -> CrashNews
    ) async throws -> CrashKeeping

    /// The groups that a filter lets through, in no order. Cost: a row for each service, server and version in them.
    func crashGroups(_ filter: CrashFilter) async throws -> [CrashGroup]

    /// A group with its counts; `nil`: there is none.
    func crashGroup(_ fingerprint: String) async throws -> (head: CrashGroupHead, tallies: [StoredTally])?

    /// The newest reports of a group, newest first and without their texts.
    func crashes(of fingerprint: String, limit: Int) async throws -> [StoredCrash]

    /// A report; `nil`: there is none.
    func crash(_ id: String) async throws -> StoredCrash?

    /// Removes a group with its event.
    func removeCrashes(of fingerprint: String, _ event: EventEntry) async throws

    /// Notes that there is no dump of a crash of a server any more.
    func forgetDump(of id: String, on server: String) async throws

    /// Deletes reports that came before a time (RFC 3339 in UTC), at most `step`, and groups that got none since.
    /// - Returns: how many reports and groups.
    /// - Throws: `RegistryError.superseded` if another ADMIN has begun an epoch since.
    func pruneCrashes(before time: String, step: Int, epoch: Int) async throws -> Int

    // MARK: Observations

    /// Every gateway as it was last recorded. Cost: one row each.
    func gateways() async throws -> [StoredGateway]

    /// The use of each service's configuration as it was last recorded. Cost: one row each.
    func configurationUses() async throws -> [ConfigurationUse]

    /// Writes observations in one transaction.
    func record(_ observations: Observations) async throws

    /// Deletes a gateway with its event.
    func deleteGateway(_ id: GatewayID, _ event: EventEntry) async throws

    // MARK: Background work

    /// Begins background work. Whoever began before is refused from now on.
    /// - Returns: the new epoch.
    func beginEpoch() async throws -> Int

    /// Deletes events and revisions beyond the retention, the oldest first, at most `step` of each.
    /// - Throws: `RegistryError.superseded` if another ADMIN has begun an epoch since.
    func prune(_ retention: Retention, step: Int, epoch: Int) async throws -> Pruned

    /// Maintains the files. Called once a minute; waits for nobody.
    func maintain() async throws

    // MARK: The store itself

    /// Throws if the store cannot be read or written. Writing is tried only now and then, however often this is
    /// called.
    func checkReadiness() async throws

    /// Closes the store. Committed changes are complete afterwards.
    func close() throws
}

extension RegistryStore {
    /// Events of every kind.
    package func events(after: Int, before: Int?, limit: Int) async throws -> [StoredEvent] {
        try await events(EventFilter(), after: after, before: before, limit: limit)
    }
}

/// The number of commits whose identity is stored, for a caller that lost the answer.
package let rememberedCommits = 1_000

/// The identity of a commit. The generation is not enough: a store that was restored from a backup counts again from
/// there.
package struct CommitID: Sendable, Hashable {
    /// The number of the commit, from 1.
    package var generation: Int
    /// A random number.
    package var nonce: Int64

    package init(generation: Int, nonce: Int64) {
        self.generation = generation
        self.nonce = nonce
    }

    /// An identity for the commit after this one.
    package func next() -> CommitID { CommitID(generation: generation + 1, nonce: .random(in: .min ... .max)) }
}

/// The position of a store.
package struct StorePosition: Sendable, Hashable {
    package var commit: CommitID
    /// Increases when a token is added or removed.
    package var tokenGeneration: Int

    package init(commit: CommitID, tokenGeneration: Int) {
        self.commit = commit
        self.tokenGeneration = tokenGeneration
    }
}

/// A cloud in a store.
package struct StoredCloud: Sendable {
    package var commit: CommitID
    package var cloud: Cloud
    /// The current revision of each type.
    package var revisions: [String: TypeRevision]
    /// The last revisions of deleted types: if a type is created again, the numbers go on.
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

/// A change of the cloud to store, with its events.
package struct CloudCommit: Sendable {
    package var id: CommitID
    /// The commit on which it is based.
    package var parent: CommitID
    package var difference: CloudDifference
    package var before: Cloud
    package var after: Cloud
    /// The revisions of the types that change.
    package var revisions: [String: TypeRevision]
    /// The author of the change, for its events.
    package var actor: String
    /// RFC 3339 in UTC.
    package var time: String
    /// What is put into the outbox.
    package var notices: [Notice] = []
}

/// What has become of a crash report.
package enum CrashKeeping: Sendable, Hashable {
    /// It is kept, in a group, and something follows.
    case kept(group: String, CrashNews)
    /// A report of this id was kept before, in a group; a server has sent it.
    case known(group: String, server: String)
}

/// The result of a commit.
package enum CommitResult: Sendable, Hashable {
    case committed
    /// Another commit was made in the meantime; nothing was written.
    case superseded
}

/// Observations since the last record.
package struct Observations: Sendable {
    package var gateways: [StoredGateway] = []
    /// Gateways that were forgotten.
    package var goneGateways: Set<GatewayID> = []
    /// The last use of each token by its hash, RFC 3339 in UTC.
    package var tokenUses: [Data: String] = [:]
    package var configurationUses: [ConfigurationUse] = []
    /// Services that are gone, whose use is forgotten.
    package var goneServices: Set<String> = []
    /// What was observed and belongs to the history, in its order.
    package var events: [EventEntry] = []

    package init(
        gateways: [StoredGateway] = [], goneGateways: Set<GatewayID> = [], tokenUses: [Data: String] = [:],
        configurationUses: [ConfigurationUse] = [], goneServices: Set<String> = [],
        events: [EventEntry] = []
    ) {
        self.gateways = gateways
        self.goneGateways = goneGateways
        self.tokenUses = tokenUses
        self.configurationUses = configurationUses
        self.goneServices = goneServices
        self.events = events
    }

    /// Whether there is nothing to record.
    package var isEmpty: Bool {
        gateways.isEmpty && goneGateways.isEmpty && tokenUses.isEmpty && configurationUses.isEmpty
            && goneServices.isEmpty && events.isEmpty
    }
}

/// How much was deleted beyond the retention.
package struct Pruned: Sendable, Hashable {
    package var events: Int
    package var revisions: Int

    package init(events: Int, revisions: Int) {
        self.events = events
        self.revisions = revisions
    }
}
