import Crypto
import Glibc
import ServiceSupport
import SystemPackage
import Synchronization

/// A stretch of work that adds to a store. What it has added, or found there, no collection takes until it ends; by then
/// something must name it.
///
/// It is a directory with a lock that ends with the process. So of a session that was killed the next one knows that it
/// is over, and removes what it has left.
package final class StoreSession: Sendable {
    package let store: BlobStore
    private let directory: Directory
    private let name: String
    /// Nanoseconds since 1970. What the session adds or finds is marked as changed at this time or later.
    let since: Int
    private let counter = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    package init(_ store: BlobStore) throws {
        self.store = store
        (name, since, directory) = try store.locked(exclusively: true) {
            // Even if the clock was set back, no session is older than one that is at work.
            let alive = try store.liveSessions()
            let since = max(Self.now, alive.map(\.since).max() ?? 0)
            let name = "\(since)-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            let directory = try store.sessions.directory(making: name, mode: 0o700)
            guard flock(directory.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw FileError("lock", directory.path, errno: Errno(rawValue: errno))
            }
            return (name, since, directory)
        }
    }

    deinit { end() }

    /// Ends the session and removes what it has not finished.
    package func end() {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        // What cannot be removed now, the next session removes.
        _ = try? store.sessions.removeAll(name)
    }

    /// Nanoseconds since 1970.
    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    // MARK: - Temporary files

    /// A file that is removed unless it gets a name in the store.
    func withTemporary<Value>(_ body: (_ file: OpenFile, _ name: String) throws -> Value) throws -> Value {
        let name = "\(counter.add(1, ordering: .relaxed).newValue)"
        let file = try directory.create(name)
        do {
            return try body(file, name)
        } catch {
            _ = try? directory.remove(name)
            throw error
        }
    }

    /// Gives a temporary file its name in the store.
    ///
    /// - Parameter isDurable: whether to wait until it is on the disk, before it has its name and after.
    func place(_ file: OpenFile, _ temporary: String, as name: String, in shelf: Directory, isDurable: Bool) throws {
        if isDurable { try file.synchronize() }
        try store.locked(exclusively: false) {
            try file.setModified(atLeast: max(Self.now, since))
            try directory.rename(temporary, to: name, in: shelf)
        }
        if isDurable { try shelf.synchronize() }
    }

    /// Gives a temporary file a name that nothing has yet, and waits until it is on the disk.
    ///
    /// - Parameter present: called if something has the name; the temporary file is then removed.
    func place(
        _ file: OpenFile, _ temporary: String, asNew name: String, in shelf: Directory, present: () throws -> Void
    ) throws {
        try file.synchronize()
        switch directory.hardLink(temporary, in: shelf, as: name) {
        case 0: break
        case EEXIST: try present()
        case let code: throw FileError("write", shelf.path(name), errno: Errno(rawValue: code))
        }
        try directory.remove(temporary)
        try shelf.synchronize()
    }

    /// Renames a temporary file.
    func rename(_ temporary: String, to name: String, in shelf: Directory) throws(FileError) {
        try directory.rename(temporary, to: name, in: shelf)
    }

    // MARK: - Blobs

    /// Adds the content of a file of the system.
    ///
    /// The file is read twice, first to find out whether its content is there already. A blob that is there is read as a
    /// whole, and replaced if it was altered.
    ///
    /// - Throws: `StoreError.changedWhileRead`.
    package func add(_ source: OpenFile) throws -> Blob {
        let before = try source.status()
        let (size, digest) = try BlobCheck.digest(of: source, atMost: Blob.largest)
        guard size <= Blob.largest else { throw StoreError.tooLarge(source.path) }
        if try claim(digest) {
            do {
                if let blob = try store.blob(digest, size: size) {
                    try Self.checkUnchanged(source, before, size)
                    return blob
                }
            } catch StoreError.altered {
                try store.remove(digest)
            }
        }
        let blob = try compress(source, digest, size: size)
        try Self.checkUnchanged(source, before, size)
        return blob
    }

    private static func checkUnchanged(_ source: OpenFile, _ before: stat, _ size: Int) throws {
        let after = try source.status()
        guard after.st_size == before.st_size, after.modified == before.modified, after.changed == before.changed,
            Int(after.st_size) == size
        else { throw StoreError.changedWhileRead(source.path) }
    }

    private func compress(_ source: OpenFile, _ digest: ContentDigest, size: Int) throws -> Blob {
        let shelf = try store.blobs.directory(making: BlobStore.shard(digest))
        return try withTemporary { file, name in
            var hash = SHA256()
            var compressedHash = SHA256()
            var count = 0
            var compressedCount = 0
            let compressor = try Compressor(size: size)
            let output = { (bytes: UnsafeRawBufferPointer) throws in
                compressedHash.update(bufferPointer: bytes)
                compressedCount += bytes.count
                try file.write(bytes)
            }
            do {
                try source.read(atMost: size + 1) { bytes in
                    hash.update(bufferPointer: bytes)
                    count += bytes.count
                    try compressor.write(bytes, output)
                }
                try compressor.write(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, output)
            } catch is ZstandardError {
                // It was told the size; another one is its only complaint.
                throw StoreError.changedWhileRead(source.path)
            }
            guard count == size, ContentDigest(hash.finalize()) == digest else {
                throw StoreError.changedWhileRead(source.path)
            }
            try place(file, name, as: digest.description, in: shelf, isDurable: true)
            return Blob(
                digest: digest, size: size, compressedSize: compressedCount,
                compressedDigest: ContentDigest(compressedHash.finalize()))
        }
    }

    /// Marks a blob that is there as needed by this session. Returns whether there is one.
    package func claim(_ digest: ContentDigest) throws -> Bool {
        try store.locked(exclusively: false) {
            guard let file = try store.compressed(digest) else { return false }
            try file.setModified(atLeast: max(Self.now, since))
            return true
        }
    }

    /// Begins to take a blob from elsewhere.
    package func receive(_ blob: Blob) throws -> BlobReceiver { try BlobReceiver(blob, self) }

    /// A file for a receiver, which removes it.
    func makeTemporary() throws -> (file: OpenFile, name: String) {
        let name = "\(counter.add(1, ordering: .relaxed).newValue)"
        return (try directory.create(name), name)
    }

    func removeTemporary(_ name: String) { _ = try? directory.remove(name) }
}

extension BlobStore {
    /// A session at work.
    struct LiveSession {
        let since: Int
        let name: String
    }

    /// The sessions of all processes that are at work. Those that are over are removed with what they have left. The lock
    /// must be held exclusively.
    func liveSessions() throws -> [LiveSession] {
        try sessions.entries().compactMap { entry in
            guard let name = entry.name, let directory = try sessions.directory(name) else { return nil }
            if flock(directory.descriptor, LOCK_EX | LOCK_NB) == 0 {
                try sessions.removeAll(name)
                return nil
            }
            let digits = name.utf8.prefix { (0x30...0x39).contains($0) }
            return LiveSession(since: Int(String(Substring(digits))) ?? 0, name: name)
        }
    }
}
