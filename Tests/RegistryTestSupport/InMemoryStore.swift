package import AdminAPI
package import Cloud
package import Foundation
package import Registry
import Synchronization
package import Versions

/// A registry in memory, for tests. It follows the contract of `RegistryStore`, and fails on demand.
package final class InMemoryStore: RegistryStore {
    /// How the next commit fails.
    package enum Trouble: Sendable {
        /// The commit is made, but its answer is lost.
        case answerLost
        /// The connection is lost before the commit is made.
        case requestLost
        /// The store cannot be used.
        case unavailable
    }

    private struct Revision {
        var revision: TypeRevision
        var source: String
    }

    private struct World {
        var stored = StoredCloud(
            commit: CommitID(generation: 1, nonce: 0), cloud: Cloud(), revisions: [:], formerRevisions: [:])
        var commits: Set<CommitID> = []
        var tokenGeneration = 1
        var tokens: [String: StoredToken] = [:]
        var events: [StoredEvent] = []
        var lastEvent = 0
        var gateways: [GatewayID: StoredGateway] = [:]
        var markTimes: [MarkID: String] = [:]
        var revisions: [String: [Revision]] = [:]
        var epoch = 0
        var uses: [String: ConfigurationUse] = [:]
        var versions: [VersionName: StoredVersion] = [:]
        var removable: [ContentDigest: RemovableManifest] = [:]
        var blobs: [ContentDigest: StoredBlob] = [:]
        var notices: [StoredNotice] = []
        var lastNotice = 0
        var outcomes: [NoticeOutcome] = []
        var channels: [String: NoticeChannelState] = [:]
        var crashes = CrashWorld()
        var troubles: [Trouble] = []
        var interruption: (@Sendable () async throws -> Void)?

        mutating func append(_ event: EventEntry) {
            lastEvent += 1
            events.append(StoredEvent(id: lastEvent, entry: event))
        }

        mutating func append(_ notice: StoredNotice) {
            var notice = notice
            lastNotice += 1
            notice.number = lastNotice
            notices.append(notice)
        }
    }

    private let world = Mutex(World())

    package init() {}

    /// Makes the next commits fail, one after the other.
    package func trouble(_ troubles: Trouble...) { world.withLock { $0.troubles += troubles } }

    /// Runs `body` immediately before the next commit, to act like another ADMIN.
    package func interrupt(_ body: @escaping @Sendable () async throws -> Void) {
        world.withLock { $0.interruption = body }
    }

    package func position() async throws -> StorePosition { world.withLock { Self.position(&$0) } }

    private static func position(_ world: inout World) -> StorePosition {
        StorePosition(commit: world.stored.commit, tokenGeneration: world.tokenGeneration)
    }

    package func look(for hash: Data?) async throws -> TokenLook {
        world.withLock { world in
            TokenLook(
                position: Self.position(&world),
                record: hash.flatMap { hash in world.tokens.values.first { $0.hash == hash }?.record },
                isOpen: hash == nil && world.tokens.isEmpty)
        }
    }

    // MARK: The cloud

    package func load() async throws -> StoredCloud { world.withLock { $0.stored } }

    package func commit(_ commit: CloudCommit) async throws -> CommitResult {
        try await world.withLock { $0.interruption.take() }?()
        return try world.withLock { world in
            let trouble = world.troubles.isEmpty ? nil : world.troubles.removeFirst()
            switch trouble {
            case .unavailable: throw RegistryError.unavailable("told to fail")
            case .requestLost: throw RegistryError.uncertain("told to lose the request")
            case .answerLost, nil: break
            }
            guard world.stored.commit == commit.parent else { return .superseded }
            Self.make(commit, &world)
            if case .answerLost = trouble { throw RegistryError.uncertain("told to lose the answer") }
            return .committed
        }
    }

    private static func make(_ commit: CloudCommit, _ world: inout World) {
        world.stored.commit = commit.id
        world.stored.cloud = commit.after
        world.commits.insert(commit.id)
        for change in commit.difference.changes where change.kind == .type {
            if let type = commit.after.types[change.name], let revision = commit.revisions[change.name] {
                world.stored.revisions[change.name] = revision
                world.stored.formerRevisions[change.name] = nil
                world.revisions[change.name, default: []].append(Revision(revision: revision, source: type.source))
            } else {
                world.stored.formerRevisions[change.name] = world.stored.revisions[change.name]?.number
                world.stored.revisions[change.name] = nil
            }
        }
        for (id, mark) in commit.after.marks where commit.before.marks[id] != mark {
            world.markTimes[id] = commit.time
        }
        world.markTimes = world.markTimes.filter { commit.after.marks[$0.key] != nil }
        for event in commit.events { world.append(event) }
        for notice in commit.outbox { world.append(notice) }
    }

    package func holds(_ commit: CommitID) async throws -> Bool { world.withLock { $0.commits.contains(commit) } }

    package func markTimes() async throws -> [MarkID: String] { world.withLock { $0.markTimes } }

    package func revisions(of type: String) async throws -> [TypeRevision] {
        world.withLock { ($0.revisions[type] ?? []).reversed().map(\.revision) }
    }

    package func revision(
        _ number: Int, of type: String
    ) async throws -> (revision: TypeRevision, source: String)? {
        world.withLock { world in
            world.revisions[type]?.first { $0.revision.number == number }.map { ($0.revision, $0.source) }
        }
    }

    // MARK: Tokens

    package func tokens() async throws -> [StoredToken] {
        world.withLock { $0.tokens.values.sorted { $0.record.name < $1.record.name } }
    }

    package func hasNoTokens() async throws -> Bool { world.withLock { $0.tokens.isEmpty } }

    package func addToken(_ token: StoredToken, _ event: EventEntry, isDryRun: Bool) async throws {
        try world.withLock { world in
            guard world.tokens[token.record.name] == nil else {
                throw ChangeError.exists("token \(token.record.name)")
            }
            guard !isDryRun else { return }
            world.tokens[token.record.name] = token
            world.tokenGeneration += 1
            world.append(event)
        }
    }

    package func removeToken(
        _ name: String, isDryRun: Bool, event: @escaping @Sendable (TokenRecord) -> EventEntry
    ) async throws {
        try world.withLock { world in
            guard let token = world.tokens[name] else { throw ChangeError.missing("token \(name.prefix(80))") }
            guard !isDryRun else { return }
            world.tokens[name] = nil
            world.tokenGeneration += 1
            world.append(event(token.record))
        }
    }

    package func swapTokens(_ swap: TokenSwap) async throws -> TokenSwapResult {
        try world.withLock { world in
            if let joining = swap.joining {
                let used = world.tokens.values.first { $0.hash == joining.hash && $0.record.lastUsedAt == nil }
                guard let name = used?.record.name else { return .used }
                world.tokens[name]?.record.lastUsedAt = swap.time
            }
            let before = world.tokens
            let gone = world.tokens.values.map(\.record).filter { $0.server == swap.server && swap.isReplaced($0) }
                .sorted { $0.name < $1.name }
            guard !gone.isEmpty || swap.new != nil else { return .swapped([]) }
            for record in gone { world.tokens[record.name] = nil }
            if let new = swap.new {
                guard world.tokens[new.record.name] == nil else {
                    world.tokens = before
                    if let joining = swap.joining { world.tokens[joining.record.name]?.record.lastUsedAt = nil }
                    throw ChangeError.exists("token \(new.record.name)")
                }
                world.tokens[new.record.name] = new
            }
            world.tokenGeneration += 1
            for event in swap.events(removing: gone) { world.append(event) }
            return .swapped(gone.map(\.name))
        }
    }

    // MARK: Events

    package func events(
        _ filter: EventFilter, after: Int, before: Int?, limit: Int
    ) async throws -> [StoredEvent] {
        world.withLock { world in
            let found = world.events.filter { $0.id > after && $0.id < before ?? .max && filter.matches($0.entry) }
            return Array(before == nil ? found.prefix(limit) : found.suffix(limit))
        }
    }

    // MARK: Versions

    package func versions() async throws -> [StoredVersion] { world.withLock { Array($0.versions.values) } }

    package func version(_ name: VersionName) async throws -> StoredVersion? {
        world.withLock { $0.versions[name] }
    }

    package func version(ofManifest digest: ContentDigest) async throws -> StoredVersion? {
        world.withLock { world in world.versions.values.first { $0.digest == digest } }
    }

    package func addVersion(_ version: StoredVersion, _ event: EventEntry) async throws {
        try world.withLock { world in
            let other = world.versions[version.version] ?? world.versions.values.first { $0.digest == version.digest }
            if let other { throw VersionError.taken(other.version, other.digest) }
            world.versions[version.version] = version
            world.removable[version.digest] = nil
            world.append(event)
        }
    }

    package func changeVersion(
        _ name: VersionName, _ change: @escaping @Sendable (inout StoredVersion) throws -> EventEntry?
    ) async throws -> StoredVersion? {
        try world.withLock { world in
            guard var version = world.versions[name] else { return nil }
            if let event = try change(&version) {
                world.versions[name] = version
                world.append(event)
            }
            return version
        }
    }

    package func removeVersion(_ version: StoredVersion, _ event: EventEntry) async throws {
        world.withLock { world in
            world.versions[version.version] = nil
            world.removable[version.digest] = RemovableManifest(digest: version.digest, version: version.version)
            world.append(event)
        }
    }

    package func removableManifests() async throws -> [RemovableManifest] {
        world.withLock { $0.removable.values.sorted { $0.digest < $1.digest } }
    }

    package func addRemovableManifest(_ manifest: RemovableManifest) async throws {
        world.withLock { $0.removable[manifest.digest] = manifest }
    }

    package func forgetRemovableManifest(_ digest: ContentDigest) async throws {
        world.withLock { $0.removable[digest] = nil }
    }

    package func blobs(_ digests: [ContentDigest]) async throws -> [ContentDigest: StoredBlob] {
        world.withLock { world in digests.reduce(into: [:]) { $0[$1] = world.blobs[$1] } }
    }

    package func blobs(touchedSince time: String, orNot isBefore: Bool) async throws -> Set<ContentDigest> {
        world.withLock { world in Set(world.blobs.filter { ($0.value.touchedAt < time) == isBefore }.keys) }
    }

    package func recordBlob(_ blob: StoredBlob) async throws {
        world.withLock { $0.blobs[blob.blob.digest] = blob }
    }

    package func touchBlobs(_ digests: [ContentDigest], at time: String) async throws {
        world.withLock { world in for digest in digests { world.blobs[digest]?.touchedAt = time } }
    }

    package func forgetBlobs(_ digests: [ContentDigest]) async throws {
        world.withLock { world in for digest in digests { world.blobs[digest] = nil } }
    }

    // MARK: Notices

    package func notices() async throws -> [StoredNotice] {
        world.withLock { world in
            world.notices.map { notice in
                var notice = notice
                notice.notice.text = ""
                return notice
            }
        }
    }

    package func notice(_ number: Int) async throws -> StoredNotice? {
        world.withLock { $0.notices.first { $0.number == number } }
    }

    package func notices(after number: Int, limit: Int) async throws -> [StoredNotice] {
        world.withLock { Array($0.notices.filter { $0.number > number }.prefix(limit)) }
    }

    package func noticeOutcomes(of number: Int?) async throws -> [NoticeOutcome] {
        world.withLock { world in
            world.outcomes.filter { number == nil || $0.number == number }
                .sorted { ($0.number, $0.channel) < ($1.number, $1.channel) }
        }
    }

    package func noticeChannels() async throws -> [NoticeChannelState] {
        world.withLock { $0.channels.values.sorted { $0.name < $1.name } }
    }

    package func record(_ state: NoticeChannelState, _ outcomes: [NoticeOutcome]) async throws {
        world.withLock { world in
            world.channels[state.name] = state
            for outcome in outcomes where world.notices.contains(where: { $0.number == outcome.number }) {
                world.outcomes.removeAll { $0.number == outcome.number && $0.channel == outcome.channel }
                world.outcomes.append(outcome)
            }
        }
    }

    package func addNoticeChannel(_ name: String) async throws -> NoticeChannelState {
        world.withLock { world in
            let state =
                world.channels[name]
                ?? NoticeChannelState(name: name, cursor: world.notices.last?.number ?? 0)
            world.channels[name] = state
            return state
        }
    }

    package func forgetNoticeChannel(_ name: String) async throws { world.withLock { $0.channels[name] = nil } }

    package func pruneNotices(keeping kept: Int) async throws -> Int {
        world.withLock { world in
            let settled = world.channels.values.map(\.cursor).min() ?? .max
            let last = world.notices.last?.number ?? 0
            let before = world.notices.count
            world.notices.removeAll { $0.number <= last - kept && $0.number <= settled }
            let present = Set(world.notices.map(\.number))
            world.outcomes.removeAll { !present.contains($0.number) }
            return before - world.notices.count
        }
    }

    // MARK: Crashes

    package func keepCrash(
        _ crash: StoredCrash, _ limits: CrashLimits,
        following: @escaping @Sendable (StoredCrash, CrashStanding) -> CrashNews
    ) async throws -> CrashKeeping {
        world.withLock { world in
            let keeping = world.crashes.keep(crash, limits, following)
            if case .kept(_, let news) = keeping {
                if let event = news.event { world.append(event) }
                for notice in news.notices {
                    world.append(
                        StoredNotice(notice, generation: world.stored.commit.generation, time: crash.receivedAt))
                }
            }
            return keeping
        }
    }

    package func crashGroups(_ filter: CrashFilter) async throws -> [CrashGroup] {
        world.withLock { world in CrashGroup.groups(world.crashes.groups.values.map { ($0.head, $0.tallies) }, filter) }
    }

    package func crashGroup(_ fingerprint: String) async throws -> (head: CrashGroupHead, tallies: [StoredTally])? {
        world.withLock { $0.crashes.groups[fingerprint].map { ($0.head, $0.tallies) } }
    }

    package func crashes(of fingerprint: String, limit: Int) async throws -> [StoredCrash] {
        world.withLock { world in
            world.crashes.reports.reversed().filter { $0.group == fingerprint }.prefix(limit).map { crash in
                var crash = crash
                crash.report.text = ""
                return crash
            }
        }
    }

    package func crash(_ id: String) async throws -> StoredCrash? {
        world.withLock { $0.crashes.reports.first { $0.report.id == id } }
    }

    package func removeCrashes(of fingerprint: String, _ event: EventEntry) async throws {
        world.withLock { world in
            world.crashes.remove { $0 == fingerprint }
            world.append(event)
        }
    }

    package func forgetDump(of id: String, on server: String) async throws {
        world.withLock { world in
            for index in world.crashes.reports.indices
            where world.crashes.reports[index].report.id == id && world.crashes.reports[index].server == server {
                world.crashes.reports[index].report.dumpSize = 0
            }
        }
    }

    package func pruneCrashes(before time: String, step: Int, epoch: Int) async throws -> Int {
        try world.withLock { world in
            guard world.epoch == epoch else { throw RegistryError.superseded }
            return world.crashes.prune(before: time, step: step)
        }
    }

    // MARK: Observations

    package func gateways() async throws -> [StoredGateway] { world.withLock { Array($0.gateways.values) } }

    package func configurationUses() async throws -> [ConfigurationUse] { world.withLock { Array($0.uses.values) } }

    package func record(_ observations: Observations) async throws {
        world.withLock { world in
            for id in observations.goneGateways { world.gateways[id] = nil }
            for gateway in observations.gateways { world.gateways[gateway.id] = gateway }
            for service in observations.goneServices { world.uses[service] = nil }
            for use in observations.configurationUses { world.uses[use.service] = use }
            for event in observations.events { world.append(event) }
            for (hash, time) in observations.tokenUses {
                guard let name = world.tokens.values.first(where: { $0.hash == hash })?.record.name else { continue }
                world.tokens[name]?.record.lastUsedAt = time
            }
        }
    }

    package func deleteGateway(_ id: GatewayID, _ event: EventEntry) async throws {
        world.withLock { world in
            world.gateways[id] = nil
            world.append(event)
        }
    }

    // MARK: Background work

    package func beginEpoch() async throws -> Int {
        world.withLock { world in
            world.epoch += 1
            return world.epoch
        }
    }

    package func prune(_ retention: Retention, step: Int, epoch: Int) async throws -> Pruned {
        try world.withLock { world in
            guard world.epoch == epoch else { throw RegistryError.superseded }
            let old = world.events.prefix { $0.id <= world.lastEvent - retention.events }.prefix(step).count
            world.events.removeFirst(old)
            return Pruned(events: old, revisions: Self.pruneRevisions(&world, retention, step: step))
        }
    }

    private static func pruneRevisions(_ world: inout World, _ retention: Retention, step: Int) -> Int {
        let current = world.stored.revisions
        let superseded = world.revisions.flatMap { type, revisions in
            revisions.filter { $0.revision.number != current[type]?.number }
                .map { (type: type, revision: $0.revision, size: $0.source.utf8.count) }
        }
        var excess = superseded.count - retention.revisions
        var excessBytes = superseded.reduce(0) { $0 + $1.size } - retention.revisionBytes
        var gone = 0
        let oldest = superseded.sorted {
            ($0.revision.changedAt, $0.type, $0.revision.number) < ($1.revision.changedAt, $1.type, $1.revision.number)
        }
        for one in oldest.prefix(step) where excess > 0 || excessBytes > 0 {
            world.revisions[one.type]?.removeAll { $0.revision == one.revision }
            excess -= 1
            excessBytes -= one.size
            gone += 1
        }
        return gone
    }

    package func maintain() async throws {}
    package func checkReadiness() async throws {}
    package func close() throws {}
}
