import Glibc
import ServiceSupport
import Text

/// What a collection has removed.
package struct Collected: Sendable, Hashable {
    /// Files: blobs, and objects.
    package var count = 0
    package var bytes = 0
}

extension BlobStore {
    /// Removes blobs that nobody needs: neither what `inUse` names, nor what a session of any process has added or found
    /// since it began. Objects go likewise, unless versions link to them; while another session is at work, they stay.
    ///
    /// - Parameter inUse: the digests that are needed. It is asked after the collection has begun, so that nothing falls
    ///   between a session that ends and a name that is written.
    ///
    /// Cost: all files of the store are looked at.
    package func collect(inUse: () throws -> Set<ContentDigest>) throws -> Collected {
        let collection = try BlobCollection(self)
        return try collection.remove(except: try inUse())
    }

    /// When the oldest of all sessions began.
    fileprivate func oldest() throws -> Int { try liveSessions().map(\.since).min() ?? 0 }
}

/// A collection that has begun: whoever asks from here on which blobs are needed misses none. It ends with its last use.
package final class BlobCollection: Sendable {
    private let store: BlobStore
    private let session: StoreSession
    /// What was added or found since this time stays.
    private let oldest: Int

    package init(_ store: BlobStore) throws {
        self.store = store
        session = try StoreSession(store)
        // From here on everything that is added is younger than this session, or than one that was at work before.
        oldest = try store.locked(exclusively: true) { try store.oldest() }
    }

    /// Removes what is not needed.
    ///
    /// - Parameter isDryRun: whether it is only counted.
    ///
    /// Cost: all files of the store are looked at.
    package func remove(except inUse: Set<ContentDigest>, isDryRun: Bool = false) throws -> Collected {
        defer { session.end() }
        var collected = Collected()
        for shard in try store.blobs.entries().compactMap(\.name) {
            guard let directory = try store.blobs.directory(shard) else { continue }
            try store.locked(exclusively: true) {
                let oldest = min(oldest, try store.oldest())
                for name in try directory.entries().compactMap(\.name) {
                    guard let digest = ContentDigest(name), !inUse.contains(digest),
                        let status = try directory.status(name), status.modified < oldest
                    else { continue }
                    if !isDryRun { try directory.remove(name) }
                    collected.count += 1
                    collected.bytes += Int(status.st_size)
                }
            }
        }
        try removeObjects(inUse, isDryRun, &collected)
        return collected
    }

    private func removeObjects(
        _ inUse: Set<ContentDigest>, _ isDryRun: Bool, _ collected: inout Collected
    ) throws {
        for shard in try store.objects.entries().compactMap(\.name) {
            guard let directory = try store.objects.directory(shard) else { continue }
            try store.locked(exclusively: true) {
                guard try store.liveSessions().count == 1 else { return }
                for name in try directory.entries().compactMap(\.name) {
                    guard let object = StoredObject(name: name), !inUse.contains(object.digest),
                        let status = try directory.status(name), status.st_nlink == 1
                    else { continue }
                    if !isDryRun { try directory.remove(name) }
                    collected.count += 1
                    collected.bytes += Int(status.st_size)
                }
            }
        }
    }
}
