package import AdminAPI
package import Versions

/// A version in the store.
package struct StoredVersion: Sendable, Hashable {
    package var version: VersionName
    /// The SHA-256 of its manifest.
    package var digest: ContentDigest
    package var files: Int
    /// Bytes of all files.
    package var size: Int
    /// Bytes of all contents as they are kept.
    package var compressedSize: Int
    package var signatures: ManifestSignatures
    package var mark = ServiceVersion.Mark.untested
    package var reason: String?
    /// RFC 3339 in UTC.
    package var createdAt: String
    package var createdBy: String
    package var markedAt: String?
    package var markedBy: String?

    package init(
        version: VersionName, digest: ContentDigest, files: Int, size: Int, compressedSize: Int,
        signatures: ManifestSignatures, createdAt: String, createdBy: String
    ) {
        self.version = version
        self.digest = digest
        self.files = files
        self.size = size
        self.compressedSize = compressedSize
        self.signatures = signatures
        self.createdAt = createdAt
        self.createdBy = createdBy
    }

    init(
        _ manifest: Manifest, _ digest: ContentDigest, _ signatures: ManifestSignatures, by actor: String,
        at time: String
    ) {
        self.init(
            version: manifest.version, digest: digest, files: manifest.files.count + manifest.links.count,
            size: manifest.size, compressedSize: manifest.blobs.reduce(0) { $0 + $1.compressedSize },
            signatures: signatures, createdAt: time, createdBy: actor)
    }

    /// One line for the event log: `0123456789ab, untested, signed by 0011223344556677`.
    package var summary: String {
        let signers = signatures.signatures.map(\.keyID)
        return "\(digest.short), \(mark)" + (reason.map { " (\($0))" } ?? "")
            + (signers.isEmpty ? ", not signed" : ", signed by \(signers.joined(separator: " "))")
    }
}

/// What is known of a content of files.
package struct StoredBlob: Sendable, Hashable {
    package var blob: Blob
    /// When it was last needed by something other than a version, RFC 3339 in UTC.
    package var touchedAt: String

    package init(blob: Blob, touchedAt: String) {
        self.blob = blob
        self.touchedAt = touchedAt
    }
}

/// A manifest in the directory of versions that no version has.
package struct RemovableManifest: Sendable, Hashable {
    package var digest: ContentDigest
    package var version: VersionName

    package init(digest: ContentDigest, version: VersionName) {
        self.digest = digest
        self.version = version
    }
}
