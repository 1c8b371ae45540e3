import AdminAPI
import Foundation
public import Logging
import ServiceSupport
import Synchronization
package import Versions

/// Where versions are kept, and for how long.
public struct VersionKeeping: Sendable, Hashable {
    /// The directory with contents and manifests.
    public var directory: String
    /// Seconds for which a content stays that no version needs.
    public var unneeded: Int
    /// Bytes of the disk that stay free, for the registry and others.
    public var reserve: Int

    public init(directory: String, unneeded: Int = 86_400, reserve: Int = 256 << 20) {
        self.directory = directory
        self.unneeded = unneeded
        self.reserve = reserve
    }
}

/// The versions of services that ADMIN keeps: which there are, the registry says; their manifests and contents are in a
/// directory.
///
/// What changes versions is done one at a time, collections too. A manifest is in the directory before its version is in
/// the registry, and goes after it has; in between the registry has it among the removable ones. So whatever is
/// interrupted, nothing is left for ever, and a manifest of which the registry knows nothing, as after a restored backup,
/// is not touched.
public final class VersionKeeper: Sendable {
    let registry: Registry
    let directory: VersionStore
    package let uploads: BlobUploads
    private let keeping: Mutex<VersionKeeping>
    let turns = Turns()
    /// The contents that are being sent, and how often.
    let sending = Mutex<[ContentDigest: Int]>([:])
    let logger: Logger

    /// How long an upload may rest.
    package static let uploadLife = Duration.seconds(3_600)
    /// A content that is asked for is noted as needed, unless it was less than this many seconds before.
    private static let touch = 600.0

    /// Opens the directory, makes it if there is none, and removes what interrupted uploads have left.
    public init(_ keeping: VersionKeeping, registry: Registry, logger: Logger) throws {
        self.keeping = Mutex(keeping)
        self.registry = registry
        self.logger = logger
        directory = try VersionStore(opening: keeping.directory, making: true)
        // A session that begins removes those that are over.
        try StoreSession(directory.blobs).end()
        uploads = BlobUploads(directory.blobs, uptime: registry.uptime)
    }

    /// Sets another time and another reserve; the directory stays.
    public func reload(_ keeping: VersionKeeping) {
        self.keeping.withLock { kept in
            kept.unneeded = keeping.unneeded
            kept.reserve = keeping.reserve
        }
    }

    var kept: VersionKeeping { keeping.withLock { $0 } }

    /// Runs what reads or writes the directory on a thread for that. A full disk is an error of its own.
    func work<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await BlockingWork.run(body)
        } catch let error as FileError where error.isOfFullDisk {
            throw VersionError.full
        } catch StoreError.alteredManifest(let digest, _) {
            throw VersionError.alteredManifest(digest)
        }
    }

    func time() -> String { Timestamp.text(registry.now()) }

    // MARK: Reading

    /// Every version. Cost: one row each.
    package func versions() async throws -> [StoredVersion] { try await registry.store.versions() }

    /// A version that must be there.
    package func version(_ name: VersionName) async throws -> StoredVersion {
        guard let version = try await registry.store.version(name) else { throw VersionError.noVersion(name) }
        return version
    }

    /// The version with a manifest, which must be there.
    package func version(ofManifest digest: ContentDigest) async throws -> StoredVersion {
        guard let version = try await registry.store.version(ofManifest: digest) else {
            throw VersionError.noManifest(digest)
        }
        return version
    }

    /// The exact bytes of the manifest of a version.
    package func manifestBytes(_ digest: ContentDigest) async throws -> [UInt8] {
        _ = try await version(ofManifest: digest)
        return try await work { [directory] in try directory.manifestBytes(digest) }
    }

    // MARK: Contents

    /// Which contents are not there. Those that are stay for now, also if a collection is at work. Cost: a look at each.
    package func missing(_ digests: [ContentDigest]) async throws -> [ContentDigest] {
        let known = try await registry.store.blobs(digests)
        let present = try await work { [directory] in
            let session = try StoreSession(directory.blobs)
            defer { session.end() }
            return Set(
                try digests.filter { digest in
                    guard let blob = known[digest]?.blob else { return false }
                    return try session.claim(digest) && directory.blobs.holds(blob)
                })
        }
        try await touch(present.compactMap { known[$0] })
        return digests.filter { !present.contains($0) }
    }

    private func touch(_ blobs: [StoredBlob]) async throws {
        let now = registry.now()
        let recent = Timestamp.text(now.addingTimeInterval(-Self.touch))
        let old = blobs.filter { $0.touchedAt < recent }.map(\.blob.digest)
        if !old.isEmpty { try await registry.store.touchBlobs(old, at: Timestamp.text(now)) }
    }

    /// A content that is there; `nil` if it is not.
    package func blob(_ digest: ContentDigest) async throws -> Blob? {
        guard let blob = try await registry.store.blobs([digest])[digest]?.blob else { return nil }
        let isThere = try await work { [directory] in try directory.blobs.holds(blob) }
        return isThere ? blob : nil
    }

    /// Removes a content that was found to be altered, so that it can be sent again.
    package func discard(_ digest: ContentDigest, because reason: String) async {
        logger.error(
            "a content in the directory of versions was altered, and is removed: push a version that has it again",
            metadata: ["sha256": "\(digest)", "reason": "\(reason)"])
        do {
            try await registry.store.forgetBlobs([digest])
            _ = try await work { [directory] in try directory.blobs.remove(digest) }
        } catch {
            logger.error("the altered content cannot be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Reads all of a version, and removes the contents that were altered.
    package func verify(
        _ version: StoredVersion
    ) async throws -> (blobs: Int, bytes: Int, faults: [(digest: ContentDigest, detail: String)]) {
        let manifest = try await work { [directory] in try directory.manifest(version.digest) }
        var (bytes, faults): (Int, [(digest: ContentDigest, detail: String)]) = (0, [])
        for blob in manifest.blobs {
            try Task.checkCancellation()
            bytes += blob.compressedSize
            do {
                try await work { [directory] in try directory.blobs.check(blob) }
            } catch let error as StoreError {
                faults.append((blob.digest, "\(error)"))
                if case .altered = error { await discard(blob.digest, because: "\(error)") }
            }
        }
        return (manifest.blobs.count, bytes, faults)
    }
}

extension BlobStore {
    /// Whether there is a blob with as many compressed bytes. They are not looked at.
    func holds(_ blob: Blob) throws -> Bool { try compressed(blob.digest)?.size == blob.compressedSize }
}
