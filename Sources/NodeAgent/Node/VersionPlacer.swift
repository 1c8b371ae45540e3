import ServiceSupport
import Text
import Versions

/// Brings versions of a service to its server, and takes them away.
struct VersionPlacer: Sendable {
    let name: String
    let context: NodeContext

    private func folder() throws -> ServiceFolder {
        try ServiceFolder(making: context.directory.folder(of: name))
    }

    /// Fetches a manifest, judges it, and keeps it.
    func fetchManifest(_ digest: ContentDigest) async throws {
        guard let source = context.source else { throw VersionRefusal("the manifest \(digest.short)… is not here") }
        let (manifest, signatures) = try await source.manifest(digest)
        let (shelf, name) = (context.shelf, name)
        try await BlockingWork.run {
            _ = try shelf.judge(manifest, signatures, digest, for: name)
            try shelf.keep(manifest, signatures, digest)
        }
    }

    /// Fetches what is not here. Before that, the room that the version needs is compared with what is free.
    ///
    /// - Parameter isAltered: whether the folder is there and was altered: what is in its files is then fetched again.
    /// - Returns: the session that keeps it.
    func fetchBlobs(_ digest: ContentDigest, isAltered: Bool) async throws -> StoreSession {
        let context = context
        let (session, needed) = try await BlockingWork.run {
            let manifest = try context.shelf.manifest(digest)
            let folder = try folder()
            let session = try StoreSession(context.store)
            try folder.checkSpace(manifest, context.store)
            var needed = try ServiceFolder.missingBlobs(manifest, in: context.store)
            if isAltered { needed += try altered(manifest, digest, folder) }
            return (session, needed)
        }
        guard !needed.isEmpty else { return session }
        guard let source = context.source else {
            throw VersionRefusal("contents of \(digest.short)… are not here: \(needed.count)")
        }
        try await source.fetch(needed, session, atOnce: context.configuration.fetches)
        return session
    }

    /// The contents of files that were altered, unless their blobs are here.
    private func altered(_ manifest: Manifest, _ digest: ContentDigest, _ folder: ServiceFolder) throws -> [Blob] {
        let paths = Set(try folder.check(manifest, digest).map { ExactText($0.path) })
        var blobs: [ContentDigest: Blob] = [:]
        for file in manifest.files where paths.contains(ExactText(file.path)) {
            if try !context.store.has(file.blob.digest) { blobs[file.blob.digest] = file.blob }
        }
        return blobs.values.sorted { $0.digest < $1.digest }
    }

    /// Makes the folder of a version.
    func place(_ digest: ContentDigest, _ session: StoreSession, replacing: Bool) async throws {
        let context = context
        try await BlockingWork.run {
            let manifest = try context.shelf.manifest(digest)
            do {
                try folder().make(manifest, digest, session, replacing: replacing)
            } catch StoreError.altered(let blob, let fault) {
                // It was altered on this disk: the next attempt fetches it again.
                try context.store.remove(blob)
                throw StoreError.altered(blob, fault)
            } catch StoreError.missing(let missing) {
                // An object of it was there and was altered: without it, the next attempt fetches the blob.
                let blob = manifest.files.first { $0.blob.digest == missing }?.blob
                if let blob { try context.store.removeAlteredObjects(of: blob) }
                throw StoreError.missing(missing)
            }
            session.end()
        }
    }

    /// Removes a version.
    func remove(_ digest: ContentDigest) async throws {
        try await BlockingWork.run { _ = try folder().remove(digest) }
    }
}
