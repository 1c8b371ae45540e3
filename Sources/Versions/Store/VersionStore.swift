import Crypto
import Glibc
import ServiceSupport
import SystemPackage
import Text

/// Versions on a disk: a store of blobs, the manifests that name them with their signatures, and what the versions are
/// called.
///
/// - `manifests/DIGEST.json`: the exact bytes; `manifests/DIGEST.signatures` beside it.
/// - `versions/TYPE/NAME/VARIANT`: the digest of the manifest. A version that has a name never becomes another.
package struct VersionStore: Sendable {
    package let blobs: BlobStore
    private let manifests: Directory
    private let versions: Directory

    /// Opens a store.
    ///
    /// - Parameter making: whether a directory that does not exist, or is empty, becomes a store.
    package init(opening path: String, making: Bool = false) throws {
        blobs = try BlobStore(opening: path, making: making)
        manifests = try Self.part("manifests", of: blobs.root, making)
        versions = try Self.part("versions", of: blobs.root, making)
    }

    private static func part(_ name: String, of root: Directory, _ making: Bool) throws -> Directory {
        if let part = try root.directory(name) { return part }
        guard making else { throw StoreError.notAStore(root.path, reason: "there is no \(name) in it") }
        return try root.directory(making: name)
    }

    /// A version in the store.
    package struct Entry: Sendable, Hashable {
        package let version: VersionName
        /// The digest of its manifest.
        package let digest: ContentDigest
    }

    // MARK: - Reading

    /// All versions, sorted. Cost: all names are read; no manifest is.
    package func entries() throws -> [Entry] {
        var entries: [Entry] = []
        for type in try versions.entries().compactMap(\.name) where VersionName.problem(withType: type) == nil {
            guard let names = try versions.directory(type) else { continue }
            for name in try names.entries().compactMap(\.name) where VersionName.problem(withName: name) == nil {
                guard let variants = try names.directory(name) else { continue }
                for variant in try variants.entries().compactMap(\.name)
                where VersionName.problem(withVariant: variant) == nil {
                    let version = VersionName(type: type, name: name, variant: variant)
                    guard let digest = try digest(of: version) else { continue }
                    entries.append(Entry(version: version, digest: digest))
                }
            }
        }
        return entries.sorted { $0.version < $1.version }
    }

    /// The digest of a version's manifest; `nil` if there is no such version.
    package func digest(of version: VersionName) throws -> ContentDigest? {
        guard let file = try versions.directory(version.type)?.directory(version.name)?.file(version.variant) else {
            return nil
        }
        let text = String(decoding: try file.bytes(atMost: 256), as: UTF8.self)
        guard let digest = ContentDigest(text.withoutSurroundingSpace) else {
            throw FileError(path: file.path, reason: "has no digest of a manifest")
        }
        return digest
    }

    /// The exact bytes of a manifest.
    ///
    /// - Throws: if there is none, or its bytes were altered.
    package func manifestBytes(_ digest: ContentDigest) throws -> [UInt8] {
        guard let file = try manifests.file("\(digest).json") else {
            throw FileError("read", manifests.path("\(digest).json"), .system(.noSuchFileOrDirectory))
        }
        let bytes = try file.bytes(atMost: Manifest.largest)
        guard ContentDigest(of: bytes) == digest else {
            throw StoreError.alteredManifest(digest, path: file.path)
        }
        return bytes
    }

    /// A manifest, read and checked.
    package func manifest(_ digest: ContentDigest) throws -> Manifest {
        try Manifest(reading: try manifestBytes(digest))
    }

    /// The signatures of a manifest; none if it is not signed.
    package func signatures(_ digest: ContentDigest) throws -> ManifestSignatures {
        guard let file = try manifests.file("\(digest).signatures") else { return ManifestSignatures() }
        return try ManifestSignatures(reading: try file.bytes(atMost: ManifestSignatures.largest))
    }

    /// The digests of all blobs that a manifest names. Cost: all manifests are read.
    package func blobsInUse() throws -> Set<ContentDigest> {
        var digests = Set<ContentDigest>()
        for name in try manifests.entries().compactMap(\.name) where name.hasByteSuffix(".json") {
            guard let digest = ContentDigest(Substring(name.utf8.dropLast(".json".utf8.count))) else { continue }
            do {
                for file in try manifest(digest).files { digests.insert(file.blob.digest) }
            } catch let error as ManifestError {
                throw FileError(path: manifests.path(name), reason: "\(error)")
            }
        }
        return digests
    }

    // MARK: - Writing

    /// Adds a version. Its blobs must be in the store, by the same session.
    ///
    /// - Parameter exact: the bytes from which the manifest was read, which are kept as they are; `nil`: it is new.
    /// - Returns: the digest, and whether the version is new; `false` if it is there with the same content.
    /// - Throws: `VersionStoreError.taken` if the name belongs to another content.
    package func add(
        _ manifest: Manifest, exact: [UInt8]? = nil, _ session: StoreSession
    ) throws -> (digest: ContentDigest, isNew: Bool) {
        let bytes = exact ?? manifest.bytes
        // What could not be read back is not written.
        let read = try Manifest(reading: bytes)
        for blob in read.blobs where try !session.claim(blob.digest) { throw StoreError.missing(blob.digest) }
        let digest = ContentDigest(of: bytes)
        if let other = try self.digest(of: manifest.version) {
            guard other == digest else { throw VersionStoreError.taken(manifest.version, other) }
            if (try? manifestBytes(digest)) == bytes { return (digest, false) }
        }
        try session.withTemporary { file, name in
            try file.write(bytes)
            try session.place(file, name, as: "\(digest).json", in: manifests, isDurable: true)
        }
        let version = manifest.version
        let shelf = try versions.directory(making: version.type).directory(making: version.name)
        try session.withTemporary { file, name in
            try file.write(Array("\(digest)\n".utf8))
            try session.place(file, name, asNew: version.variant, in: shelf) {
                guard try self.digest(of: version) == digest else {
                    throw VersionStoreError.taken(version, try self.digest(of: version) ?? digest)
                }
            }
        }
        try versions.synchronize()
        return (digest, true)
    }

    /// Adds a signature to a manifest.
    package func add(
        _ signature: ManifestSignature, to digest: ContentDigest, _ session: StoreSession
    ) throws {
        try session.withTemporary { file, name in
            try blobs.locked(exclusively: true) {
                var signatures = try self.signatures(digest)
                try signatures.add(signature)
                try file.write(signatures.bytes)
                try file.synchronize()
                try session.rename(name, to: "\(digest).signatures", in: manifests)
            }
            try manifests.synchronize()
        }
    }

    /// Removes a version. Its blobs stay until they are collected.
    ///
    /// - Returns: whether there was one.
    package func remove(_ version: VersionName) throws -> Bool {
        guard let digest = try digest(of: version), let names = try versions.directory(version.type),
            let variants = try names.directory(version.name)
        else { return false }
        try blobs.locked(exclusively: true) {
            try variants.remove(version.variant)
            if try !entries().contains(where: { $0.digest == digest }) {
                try manifests.remove("\(digest).signatures")
                try manifests.remove("\(digest).json")
            }
        }
        try variants.synchronize()
        return true
    }

    /// Removes the blobs that no manifest names.
    package func collect() throws -> Collected { try blobs.collect { try blobsInUse() } }
}

/// Why a version cannot be added.
package enum VersionStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is a version of the name with another manifest, whose digest this is.
    case taken(VersionName, ContentDigest)

    package var description: String {
        switch self {
        case .taken(let version, let digest):
            "\(version) is in the store already, with another content (\(digest.short)…), and a version never changes: "
                + "give this one another name, or remove that one"
        }
    }
}
