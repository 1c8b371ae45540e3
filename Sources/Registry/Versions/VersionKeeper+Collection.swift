import Foundation
import Logging
import ServiceSupport
import Synchronization
package import Versions

extension VersionKeeper {
    /// Removes the contents that no version has needed for as long as is set. It takes neither what comes or is sent at
    /// the moment, nor what somebody has just asked about.
    ///
    /// Cost: all manifests are read, and all files of the directory are looked at.
    ///
    /// - Throws: if a manifest cannot be read: then nothing is removed, since nobody knows what it needs.
    package func collect(dryRun: Bool = false) async throws -> Collected {
        let time = Timestamp.text(registry.now().addingTimeInterval(-Double(kept.unneeded)))
        return try await turns.run { [self] in
            if !dryRun { try await removeManifests() }
            let collection = try await work { [directory] in try BlobCollection(directory.blobs) }
            // Nothing below may be asked before the collection has begun.
            let manifests = try await registry.store.versions().map(\.digest)
            var needed = try await registry.store.blobs(touchedSince: time, orNot: false)
            needed.formUnion(sending.withLock { $0.keys })
            for digest in manifests {
                needed.formUnion(try await work { [directory] in try directory.manifest(digest).blobs.map(\.digest) })
            }
            let collected = try await work { [needed] in try collection.remove(except: needed, isDryRun: dryRun) }
            if !dryRun { try await forgetRemoved(before: time, except: needed) }
            return collected
        }
    }

    /// Forgets the contents that are in the directory no longer.
    private func forgetRemoved(before time: String, except needed: Set<ContentDigest>) async throws {
        let old = try await registry.store.blobs(touchedSince: time, orNot: true).subtracting(needed)
        let gone = try await work { [directory] in try old.filter { try !directory.blobs.has($0) } }
        if !gone.isEmpty { try await registry.store.forgetBlobs(Array(gone)) }
    }

    /// Collects, and discards the uploads that have rested for too long. Failures are logged.
    func lookAfter(collecting isTimeToCollect: Bool) async {
        await uploads.discard(restingFor: Self.uploadLife)
        guard isTimeToCollect else { return }
        do {
            let collected = try await collect()
            guard collected.count > 0 else { return }
            logger.info(
                "contents that no version needs were removed",
                metadata: ["contents": "\(collected.count)", "bytes": "\(collected.bytes)"])
        } catch {
            logger.failure("contents that no version needs cannot be removed", error)
        }
    }
}
