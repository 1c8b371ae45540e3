package import AdminAPI
import Cloud
import Foundation
import Logging
import ServiceSupport
import Text
package import Versions

extension VersionKeeper {
    /// What a change has done to a version.
    package struct Change: Sendable {
        package var version: StoredVersion
        /// `nil`: nothing.
        package var action: ChangeAction?
        package var before: String?
        package var after: String?
    }

    /// The most files that are named as lacking their contents.
    private static let named = 20

    // MARK: Adding

    /// Adds a version whose contents are there, or signatures to one that is there.
    ///
    /// - Parameters:
    ///   - name: what the manifest must be of.
    ///   - bytes: the exact bytes of the manifest.
    /// - Throws: `ManifestError`, `VersionError`.
    package func add(
        _ name: VersionName, manifest bytes: [UInt8], _ signatures: ManifestSignatures, by actor: String, dryRun: Bool
    ) async throws -> Change {
        let manifest = try await work { try Manifest(reading: bytes) }
        guard manifest.version == name else { throw VersionError.otherName(manifest.version, expected: name) }
        let digest = ContentDigest(of: bytes)
        return try await turns.run { [self] in
            let present = try await registry.store.version(name)
            if let present, present.digest != digest { throw VersionError.taken(name, present.digest) }
            try await checkContents(of: manifest)
            if let present {
                if !dryRun { try await write(manifest, digest, bytes) {} }
                return try await add(signatures, to: present, by: actor, dryRun: dryRun)
            }
            let version = StoredVersion(manifest, digest, signatures, by: actor, at: time())
            let change = Change(version: version, action: .create, after: version.summary)
            guard !dryRun else { return change }
            try await registry.store.addRemovableManifest(RemovableManifest(digest: digest, version: name))
            try await write(manifest, digest, bytes) { [self] in
                try await registry.store.addVersion(version, event(change, by: actor))
            }
            await registry.listChanges.noteChange(of: .versions, .events)
            return change
        }
    }

    /// Writes a manifest, and what follows while its contents cannot be collected.
    private func write(
        _ manifest: Manifest, _ digest: ContentDigest, _ bytes: [UInt8], then body: @Sendable () async throws -> Void
    ) async throws {
        let left = try await registry.store.removableManifests()
            .filter { $0.version == manifest.version && $0.digest != digest }
        let session = try await work { [directory] in try StoreSession(directory.blobs) }
        defer { session.end() }
        do {
            try await work { [directory] in
                // What an interrupted addition has left must not stand in the way of another one.
                if let present = try directory.digest(of: manifest.version),
                    left.contains(where: { $0.digest == present })
                {
                    _ = try directory.remove(manifest.version)
                }
                _ = try directory.add(manifest, exact: bytes, session)
            }
        } catch VersionStoreError.taken(let name, let other) {
            throw VersionError.unknownInRegistry(name, other)
        } catch StoreError.missing(let blob) {
            let path = manifest.files.first { $0.blob.digest == blob }?.path ?? ""
            throw VersionError.lacking(
                manifest.version, [.init(path: path, digest: blob, isOfOtherForm: false)], count: 1)
        }
        for other in left { try await registry.store.forgetRemovableManifest(other.digest) }
        try await body()
    }

    /// Throws unless every content is there in the form that the manifest names. Cost: a look at each.
    private func checkContents(of manifest: Manifest) async throws {
        let known = try await registry.store.blobs(manifest.blobs.map(\.digest))
        let lacking = try await work { [directory] in
            try manifest.blobs.compactMap { blob -> (ContentDigest, isOfOtherForm: Bool)? in
                guard let kept = known[blob.digest]?.blob, try directory.blobs.holds(kept) else {
                    return (blob.digest, false)
                }
                return kept == blob ? nil : (blob.digest, true)
            }
        }
        guard !lacking.isEmpty else { return }
        let files = lacking.prefix(Self.named).map { digest, isOfOtherForm in
            VersionError.LackingFile(
                path: manifest.files.first { $0.blob.digest == digest }?.path ?? "", digest: digest,
                isOfOtherForm: isOfOtherForm)
        }
        throw VersionError.lacking(manifest.version, files, count: lacking.count)
    }

    // MARK: Signatures and marks

    /// Adds signatures to a version. ADMIN does not judge them: servers do.
    ///
    /// - Throws: `ManifestError` if there are too many.
    package func sign(
        _ name: VersionName, _ signatures: ManifestSignatures, by actor: String, dryRun: Bool
    ) async throws -> Change {
        try await turns.run { [self] in
            try await add(signatures, to: try await version(name), by: actor, dryRun: dryRun)
        }
    }

    private func add(
        _ signatures: ManifestSignatures, to version: StoredVersion, by actor: String, dryRun: Bool
    ) async throws -> Change {
        let edit = { @Sendable (version: inout StoredVersion) throws in
            // One that is there already keeps its place: the order means nothing.
            for signature in signatures.signatures where !version.signatures.signatures.contains(signature) {
                try version.signatures.add(signature)
            }
        }
        return try await change(version, by: actor, dryRun: dryRun, edit)
    }

    /// Marks a version.
    package func mark(
        _ name: VersionName, _ mark: VersionMarkChange, by actor: String, dryRun: Bool,
        check: @escaping @Sendable (StoredVersion) throws -> Void
    ) async throws -> Change {
        let time = time()
        return try await turns.run { [self] in
            let version = try await version(name)
            try check(version)
            return try await change(version, by: actor, dryRun: dryRun) { version in
                guard version.mark != mark.mark || version.reason != mark.reason else { return }
                version.mark = mark.mark
                version.reason = mark.reason
                version.markedAt = time
                version.markedBy = actor
            }
        }
    }

    /// Changes what the registry has of a version.
    private func change(
        _ version: StoredVersion, by actor: String, dryRun: Bool,
        _ edit: @escaping @Sendable (inout StoredVersion) throws -> Void
    ) async throws -> Change {
        var edited = version
        try edit(&edited)
        guard edited != version else { return Change(version: version) }
        let change = Change(version: edited, action: .update, before: version.summary, after: edited.summary)
        guard !dryRun else { return change }
        let event = event(change, by: actor)
        _ = try await registry.store.changeVersion(version.version) { stored in
            try edit(&stored)
            return event
        }
        await registry.listChanges.noteChange(of: .versions, .events)
        return change
    }

    private func event(_ change: Change, by actor: String) -> EventEntry {
        EventEntry(
            change.action ?? .update, .version, change.version.version.description, before: change.before,
            after: change.after, by: actor, at: time())
    }

    // MARK: Removing

    /// Removes a version that no service has and no rollout needs or may go back to. What it alone has needed stays for as
    /// long as is set: a server may be fetching it.
    ///
    /// - Throws: `VersionError.inUse`.
    package func remove(
        _ name: VersionName, by actor: String, dryRun: Bool, check: @escaping @Sendable (StoredVersion) throws -> Void
    ) async throws -> Change {
        try await turns.run { [self] in
            let version = try await version(name)
            let (services, rollouts) = try await users(of: version)
            guard services.isEmpty, rollouts.isEmpty else {
                throw VersionError.inUse(name, services: services, rollouts: rollouts)
            }
            try check(version)
            let change = Change(version: version, action: .delete, before: version.summary)
            guard !dryRun else { return change }
            // One whose manifest was altered has no contents that could be found.
            let manifest = try? await work { [directory] in try directory.manifest(version.digest) }
            if let manifest { try await registry.store.touchBlobs(manifest.blobs.map(\.digest), at: time()) }
            try await registry.store.removeVersion(version, event(change, by: actor))
            await registry.listChanges.noteChange(of: .versions, .events)
            do {
                try await removeManifests()
            } catch {
                // The next collection removes it.
                logger.warning("a removed version's manifest cannot be removed yet", metadata: ["error": "\(error)"])
            }
            return change
        }
    }

    /// The services that have a version, and the rollouts that need it or may go back to it, in words. Cost: one look at
    /// each service of the cloud, and at each instance of all rollouts.
    private func users(of version: StoredVersion) async throws -> (services: [String], rollouts: [String]) {
        let digest = version.digest.description
        let cloud = try await registry.state().cloud
        let services = cloud.services.values.filter { $0.installation?.digest.isExactly(digest) == true }
        let wayBack = Double(ServiceRollout.daysOfWayBack * 86_400)
        let ended = cloud.rolloutsThatMayGoBack(
            to: digest, endedSince: Timestamp.text(registry.now().addingTimeInterval(-wayBack)))
        return (
            services.map(\.name).sorted(),
            cloud.openRollouts.filter { $0.needs(digest) }.map { "rollout \($0.id) (\($0))" }
                + ended.map { rollout in
                    let end = rollout.endedAt.flatMap(Timestamp.date).map { $0.addingTimeInterval(wayBack) }
                    return "rollout \(rollout.id) (\(rollout)), which may be reverted to it"
                        + (end.map { " until \(Timestamp.text($0))" } ?? "")
                }
        )
    }

    /// Removes the manifests that no version has, from the directory and from the registry's list of them.
    func removeManifests() async throws {
        for manifest in try await registry.store.removableManifests() {
            try await work { [directory] in
                guard try directory.digest(of: manifest.version) == manifest.digest else { return }
                _ = try directory.remove(manifest.version)
            }
            try await registry.store.forgetRemovableManifest(manifest.digest)
        }
    }
}
