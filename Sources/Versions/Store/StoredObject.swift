import Crypto
import Glibc
import ServiceSupport
import Text

/// A file of a store to which versions on a server link: a content with a mode, since all links to a file have one mode.
struct StoredObject: Hashable, Sendable {
    let digest: ContentDigest
    let mode: FileMode

    /// `DIGEST-0755`
    var name: String { "\(digest)-\(mode)" }

    init(digest: ContentDigest, mode: FileMode) {
        self.digest = digest
        self.mode = mode
    }

    init?(name: String) {
        let parts = name.splitBytes("-")
        guard parts.count == 2, let digest = ContentDigest(parts[0]), let mode = FileMode(String(parts[1])) else {
            return nil
        }
        self.init(digest: digest, mode: mode)
    }
}

extension BlobStore {
    /// The directory of an object; `nil` if there is none yet.
    func shelf(of object: StoredObject) throws(FileError) -> Directory? {
        try objects.directory(Self.shard(object.digest))
    }

    /// Whether there is an object. Its bytes are not looked at.
    func has(_ object: StoredObject) throws(FileError) -> Bool {
        try shelf(of: object)?.has(object.name) ?? false
    }

    /// Removes the objects of a blob that were altered, so that it is fetched again. Versions that link to them keep the
    /// altered files. Cost: all bytes of its objects are read.
    package func removeAlteredObjects(of blob: Blob) throws {
        guard let shelf = try objects.directory(Self.shard(blob.digest)) else { return }
        for name in try shelf.entries().compactMap(\.name) {
            guard let object = StoredObject(name: name), object.digest == blob.digest,
                try intact(object, size: blob.size) == nil
            else { continue }
            try shelf.remove(name)
        }
    }

    /// Opens an object whose bytes and mode are as they should be; `nil` if there is none, or it was altered.
    func intact(_ object: StoredObject, size: Int) throws -> OpenFile? {
        guard let file = try shelf(of: object)?.file(object.name) else { return nil }
        let status = try file.status()
        guard status.kind == S_IFREG, Int(status.st_size) == size, status.st_mode & 0o7777 == mode_t(object.mode.bits)
        else { return nil }
        let (count, digest) = try BlobCheck.digest(of: file, atMost: size)
        return count == size && digest == object.digest ? file : nil
    }
}

extension StoreSession {
    /// Makes an object of a blob, unless there is one. One that was altered is replaced: versions that link to it keep
    /// the altered file until they are made anew.
    ///
    /// The object is not waited for to be on the disk. Whoever links to it does that once for all; after a power failure
    /// before, its bytes are not those of its name, and it is made again.
    func makeObject(_ object: StoredObject, of blob: Blob) throws {
        if try store.intact(object, size: blob.size) != nil { return }
        let shelf = try store.objects.directory(making: BlobStore.shard(object.digest))
        try withTemporary { file, name in
            if let other = try otherObject(object, size: blob.size) {
                try other.read(atMost: blob.size) { try file.write($0) }
                let (count, digest) = try BlobCheck.digest(of: file, atMost: blob.size)
                guard count == blob.size, digest == blob.digest else {
                    throw StoreError.altered(blob.digest, .digest)
                }
            } else {
                try store.read(blob) { try file.write($0) }
            }
            try file.setMode(object.mode)
            try place(file, name, as: object.name, in: shelf, isDurable: false)
        }
    }

    /// An intact object with the same content and another mode, where the blob itself is not there any more.
    private func otherObject(_ object: StoredObject, size: Int) throws -> OpenFile? {
        guard try !store.has(object.digest), let shelf = try store.shelf(of: object) else { return nil }
        for name in try shelf.entries().compactMap(\.name) {
            guard let other = StoredObject(name: name), other.digest == object.digest, other != object,
                let file = try store.intact(other, size: size)
            else { continue }
            return file
        }
        return nil
    }
}
