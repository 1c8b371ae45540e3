import Glibc
package import ServiceSupport
import Text

/// Blobs on a disk: compressed (`blobs/ab/DIGEST`), and on servers also as files to which versions link
/// (`objects/ab/DIGEST-0755`). Any number of processes may use a store at once.
///
/// - A blob has its name only when all of it was checked and is on the disk. What is incomplete is in the directory of
///   its session (`sessions/`), and goes with it: at the session's end, or when a store is opened next.
/// - Bytes are checked again whenever they are read: a disk may alter them.
package struct BlobStore: Sendable {
    package let path: String
    let root: Directory
    let blobs: Directory
    let objects: Directory
    let sessions: Directory

    /// What the file `format` has.
    private static let format = "portcullis store 1\n"
    private static let formatFile = "format"

    /// Opens a store.
    ///
    /// - Parameter making: whether a directory that does not exist, or is empty, becomes a store.
    package init(opening path: String, making: Bool = false) throws {
        if making { try Folder.make(path) }
        let root = try Directory.open(path)
        try Self.check(root, making: making)
        self.path = path
        self.root = root
        blobs = try Self.part("blobs", of: root, making)
        objects = try Self.part("objects", of: root, making)
        sessions = try Self.part("sessions", of: root, making)
    }

    private static func part(_ name: String, of root: Directory, _ making: Bool) throws -> Directory {
        if let part = try root.directory(name) { return part }
        guard making else { throw StoreError.notAStore(root.path, reason: "there is no \(name) in it") }
        return try root.directory(making: name)
    }

    /// Marks a new store, and looks at the mark of one that is there.
    private static func check(_ root: Directory, making: Bool) throws {
        if let file = try root.file(formatFile) {
            let text = String(decoding: try file.bytes(atMost: 256), as: UTF8.self)
            guard text.isExactly(format) else {
                throw StoreError.notAStore(
                    root.path,
                    reason: "its format is \(text.withoutSurroundingSpace.printed()), and "
                        + "\(format.withoutSurroundingSpace.printed()) is known here")
            }
            return
        }
        guard making else { throw StoreError.notAStore(root.path, reason: "there is no file \(formatFile) in it") }
        // A start that was interrupted has left this alone.
        let temporary = ".\(formatFile).new"
        let others = try root.entries().filter { $0.name.map { !$0.isExactly(temporary) } ?? true }
        guard others.isEmpty else {
            // Another process may have made it meanwhile.
            if try root.has(formatFile) { return try check(root, making: false) }
            throw StoreError.notAStore(root.path, reason: "it is not empty, and there is no file \(formatFile) in it")
        }
        try root.remove(temporary)
        let file = try root.create(temporary, mode: 0o644)
        try file.write(Array(format.utf8))
        try file.synchronize()
        try root.rename(temporary, to: formatFile)
        try root.synchronize()
    }

    // MARK: - Names

    /// The directory of a blob or an object: one of 256.
    static func shard(_ digest: ContentDigest) -> String { String(digest.description.prefix(2)) }

    /// Whether there is a blob. Its bytes are not looked at. Cost: two system calls.
    package func has(_ digest: ContentDigest) throws(FileError) -> Bool {
        try blobs.directory(Self.shard(digest))?.has(digest.description) ?? false
    }

    /// The compressed bytes as a file, for whoever sends them; `nil` if there is no such blob.
    package func compressed(_ digest: ContentDigest) throws(FileError) -> OpenFile? {
        try blobs.directory(Self.shard(digest))?.file(digest.description)
    }

    // MARK: - Reading

    /// Hands out the content of a blob. Nothing is decompressed before all compressed bytes were checked, and not more
    /// than the blob's size.
    ///
    /// - Throws: `StoreError`, also after a part of the content was handed out: only what was handed out by a call that
    ///   returns is the content.
    package func read(_ blob: Blob, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let file = try compressed(blob.digest) else { throw StoreError.missing(blob.digest) }
        try BlobCheck.compressed(file, blob)
        try BlobCheck.content(file, blob.digest, size: blob.size, body)
    }

    /// Reads all of a blob and compares it with what it should be.
    package func check(_ blob: Blob) throws { try read(blob) { _ in } }

    /// Those of some blobs whose compressed bytes were altered, with what is wrong; those that are not there are left
    /// out. Nothing is decompressed. Cost: all compressed bytes are read, on all processors.
    package func altered(_ blobs: [Blob]) throws -> [(blob: Blob, fault: BlobFault)] {
        try ParallelWork.map(blobs) { blob -> (blob: Blob, fault: BlobFault)? in
            guard let file = try compressed(blob.digest) else { return nil }
            do {
                try BlobCheck.compressed(file, blob)
                return nil
            } catch StoreError.altered(_, let fault) {
                return (blob, fault)
            }
        }.compactMap(\.self)
    }

    /// What a blob is according to its bytes, all of which are read; `nil` if there is none.
    ///
    /// - Throws: `StoreError.altered` if its content has another digest.
    func blob(_ digest: ContentDigest, size: Int) throws -> Blob? {
        guard let file = try compressed(digest) else { return nil }
        let (count, compressedDigest) = try BlobCheck.digest(of: file, atMost: Blob.largestCompressed(size))
        try BlobCheck.content(file, digest, size: size) { _ in }
        return Blob(digest: digest, size: size, compressedSize: count, compressedDigest: compressedDigest)
    }

    /// Removes a blob that was found to be altered, so that it can be fetched again. Returns whether there was one.
    @discardableResult
    package func remove(_ digest: ContentDigest) throws(FileError) -> Bool {
        try blobs.directory(Self.shard(digest))?.remove(digest.description) ?? false
    }
}
