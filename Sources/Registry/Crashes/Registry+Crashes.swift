package import AdminAPI
import Cloud
import Foundation
import Text
import Versions

extension Registry {
    /// Why a crash report is not taken.
    package enum CrashError: Error, Sendable, Hashable {
        /// The server neither has nor had the service.
        case strangeService
        /// Another server has sent a report with this id.
        case strangeID
    }

    /// Keeps a crash report, with what follows from it; one that is kept already changes nothing.
    ///
    /// Throws `ChangeError.missing` when there is no such server, or `CrashError`.
    ///
    /// - Parameter actor: who sends it, for the event.
    package func keep(
        _ report: CrashReport, from server: String, by actor: String, limits: CrashLimits = CrashLimits()
    ) async throws -> CrashReceipt {
        let cloud = try await state().cloud
        let location = try cloud.server(server).location
        guard cloud.hasOrHad(report.service, on: server) else { throw CrashError.strangeService }
        let crash = StoredCrash(
            report, from: server, version: try await crashVersion(report.version), receivedAt: Timestamp.text(now()))
        let kept = try await store.keepCrash(crash, limits) { crash, standing in
            CrashNews(crash, standing, at: location, by: actor, limits)
        }
        switch kept {
        case .known(let group, let owner):
            guard owner.isExactly(server) else { throw CrashError.strangeID }
            return CrashReceipt(fingerprint: group, isNew: false)
        case .kept(let group, let news):
            await listChanges.noteChange(of: .crashes)
            if news.event != nil { await listChanges.noteChange(of: .events) }
            if !news.notices.isEmpty {
                await outbox.advance("notices")
                await listChanges.noteChange(of: .notices)
            }
            return CrashReceipt(fingerprint: group, isNew: true)
        }
    }

    /// What is known of the version with a manifest.
    private func crashVersion(_ digest: String?) async throws -> CrashVersion {
        guard let digest, let content = ContentDigest(digest) else { return CrashVersion(digest: digest) }
        let version = try await store.version(ofManifest: content)?.version
        return CrashVersion(digest: digest, name: version?.name, variant: version?.variant)
    }

    /// The groups that a filter lets through, of which perhaps only the one with a report. Cost: that of all groups.
    package func crashGroups(_ filter: CrashFilter, withReport id: String?) async throws -> [CrashGroup] {
        guard let id else { return try await store.crashGroups(filter) }
        guard let crash = try await store.crash(id) else { return [] }
        return try await store.crashGroups(filter).filter { $0.fingerprint.isExactly(crash.group) }
    }

    /// A group with its newest reports.
    ///
    /// Throws `ChangeError.missing` when there is none.
    package func crashGroup(_ fingerprint: String) async throws -> CrashGroupDetail {
        guard let (head, tallies) = try await store.crashGroup(fingerprint), let group = CrashGroup(head, tallies)
        else { throw ChangeError.missing("crash \(fingerprint.shownName())") }
        let reports = try await store.crashes(of: fingerprint, limit: Limits.shownCrashes)
        let counts = tallies.sorted { ($0.lastSeen, $0.key.service) > ($1.lastSeen, $1.key.service) }
        return CrashGroupDetail(
            group: group, frames: reports.first { !$0.report.frames.isEmpty }?.report.frames ?? [],
            counts: counts.map(\.resource), reports: reports.map { $0.resource(isWhole: false) })
    }

    /// A report.
    ///
    /// Throws `ChangeError.missing` when there is none, or it is not kept any more.
    package func crash(_ id: String, in fingerprint: String) async throws -> StoredCrash {
        guard let crash = try await store.crash(id), crash.group.isExactly(fingerprint) else {
            throw ChangeError.missing("report \(id.shownName()) of the crash \(fingerprint.shownName())")
        }
        return crash
    }

    /// Removes a group with its reports and counts.
    ///
    /// Throws `ChangeError.missing` when there is none.
    package func removeCrashes(_ fingerprint: String, by actor: String, dryRun: Bool) async throws -> ChangeReport {
        guard let (head, tallies) = try await store.crashGroup(fingerprint), let group = CrashGroup(head, tallies)
        else { throw ChangeError.missing("crash \(fingerprint.shownName())") }
        let before =
            "\(head.kind.words(signal: head.signal))" + (head.function.map { " in \($0.shownName())" } ?? "")
            + ", \(group.count) times, last on \(group.lastServer)"
        if !dryRun {
            try await store.removeCrashes(
                of: fingerprint,
                EventEntry(.delete, .crash, fingerprint, before: before, by: actor, at: Timestamp.text(now())))
            await listChanges.noteChange(of: .crashes, .events)
        }
        return ChangeReport(
            changes: [.init(action: .delete, kind: .crash, name: fingerprint, before: before)], export: [])
    }

    /// Notes that a server's node has no dump of a crash any more.
    package func forgetDump(of id: String, on server: String) async throws {
        try await store.forgetDump(of: id, on: server)
        await listChanges.noteChange(of: .crashes)
    }
}
