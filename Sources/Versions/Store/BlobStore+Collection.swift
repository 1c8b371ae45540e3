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
    /// - Parameters:
    ///   - inUse: the digests that are needed. It is asked after the collection has begun, so that nothing falls
    ///     between a session that ends and a name that is written.
    ///   - isDryRun: whether it only counts what it would remove.
    ///
    /// Cost: all files of the store are looked at.
    package func collect(isDryRun: Bool = false, inUse: () throws -> Set<ContentDigest>) throws -> Collected {
        let session = try StoreSession(self)
        defer { session.end() }
        // From here on everything that is added is younger than this session, or than one that was at work before.
        let oldest = try locked(exclusively: true) { try self.oldest() }
        let inUse = try inUse()
        var collected = Collected()
        for shard in try blobs.entries().compactMap(\.name) {
            guard let directory = try blobs.directory(shard) else { continue }
            try locked(exclusively: true) {
                let oldest = min(oldest, try self.oldest())
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
        try collectObjects(inUse, isDryRun, &collected)
        return collected
    }

    /// When the oldest of all sessions began.
    private func oldest() throws -> Int { try liveSessions().map(\.since).min() ?? 0 }

    private func collectObjects(
        _ inUse: Set<ContentDigest>, _ isDryRun: Bool, _ collected: inout Collected
    ) throws {
        for shard in try objects.entries().compactMap(\.name) {
            guard let directory = try objects.directory(shard) else { continue }
            try locked(exclusively: true) {
                guard try liveSessions().count == 1 else { return }
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
