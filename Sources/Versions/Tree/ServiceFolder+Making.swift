import Glibc
import ServiceSupport
import SystemPackage
import Text

extension ServiceFolder {
    /// Makes the folder of a version from the blobs and objects of a store, unless it is there.
    ///
    /// Everything is read and compared with the manifest on the way. Before anything is written, the room that is needed
    /// is compared with what is free. The files are hard links to objects of the store; where the file system refuses
    /// another link, or the store is on another one, they are copies.
    ///
    /// - Parameters:
    ///   - digest: that of the manifest's bytes.
    ///   - replacing: whether a folder that is there is replaced, at one stroke, since its files were altered.
    /// - Returns: whether it was made; `false`: it was there.
    @discardableResult
    package func make(
        _ manifest: Manifest, _ digest: ContentDigest, _ session: StoreSession, replacing: Bool = false
    ) throws -> Bool {
        let isThere = try has(digest)
        if isThere, !replacing { return false }
        try removeUnfinished()
        try checkSpace(manifest, session.store)
        var objects: [StoredObject: Blob] = [:]
        for file in manifest.files { objects[StoredObject(digest: file.blob.digest, mode: file.mode)] = file.blob }
        _ = try ParallelWork.map(Array(objects)) { object, blob in try session.makeObject(object, of: blob) }
        let name = "\(Self.unfinished)\(digest)"
        do {
            try fill(try versions.directory(making: name), manifest, session.store)
            try versions.synchronizeFileSystem()
            if isThere {
                try versions.exchange(name, "\(digest)")
            } else {
                try versions.rename(name, to: "\(digest)")
            }
        } catch {
            // On a full disk, a part would only take room.
            _ = try? versions.removeAll(name)
            throw error
        }
        try versions.synchronize()
        if isThere { try versions.removeAll(name) }
        return true
    }

    /// Links to all files.
    private func fill(_ folder: Directory, _ manifest: Manifest, _ store: BlobStore) throws {
        var folders = FolderStack(folder)
        for file in manifest.files {
            let (folder, name) = try folders.folder(of: file.path)
            try place(file, name, folder, store)
        }
        for link in manifest.links {
            let (folder, name) = try folders.folder(of: link.path)
            try folder.link(to: link.target, as: name)
        }
    }

    private func place(_ file: Manifest.File, _ name: String, _ folder: Directory, _ store: BlobStore) throws {
        let object = StoredObject(digest: file.blob.digest, mode: file.mode)
        guard let shelf = try store.shelf(of: object) else { throw StoreError.missing(object.digest) }
        switch shelf.hardLink(object.name, in: folder, as: name) {
        case 0: return
        case EMLINK, EXDEV, EPERM: try copy(object, file.blob, name, folder, store)
        case ENOENT: throw StoreError.missing(object.digest)
        case let code: throw FileError("make", folder.path(name), errno: Errno(rawValue: code))
        }
    }

    private func copy(
        _ object: StoredObject, _ blob: Blob, _ name: String, _ folder: Directory, _ store: BlobStore
    ) throws {
        guard let source = try store.shelf(of: object)?.file(object.name) else {
            throw StoreError.missing(object.digest)
        }
        let file = try folder.create(name)
        try source.read(atMost: blob.size) { try file.write($0) }
        let (count, digest) = try BlobCheck.digest(of: file, atMost: blob.size)
        guard count == blob.size, digest == blob.digest else { throw StoreError.altered(blob.digest, .digest) }
        try file.setMode(object.mode)
        try file.synchronize()
    }

    // MARK: - Space

    /// The blobs that must be fetched before a version can be made. Their bytes are not looked at. Cost: a few system
    /// calls for each file.
    package static func missingBlobs(_ manifest: Manifest, in store: BlobStore) throws -> [Blob] {
        var needed: [ContentDigest: Blob] = [:]
        for file in manifest.files {
            let object = StoredObject(digest: file.blob.digest, mode: file.mode)
            if try !store.has(object), try !store.has(object.digest) { needed[object.digest] = file.blob }
        }
        return needed.values.sorted { $0.digest < $1.digest }
    }

    /// Compares the room that a version needs with what is free, fetching included.
    ///
    /// - Throws: `TreeError.noSpace`, `TreeError.noFiles`.
    package func checkSpace(_ manifest: Manifest, _ store: BlobStore) throws {
        let isShared = try root.isOnFileSystem(of: store.root)
        var inStore = SpaceNeed(try store.root.space())
        var here = SpaceNeed(try root.space())
        for blob in try Self.missingBlobs(manifest, in: store) { inStore.add(bytes: blob.compressedSize) }
        var folders = Set<Substring>()
        var objects = Set<StoredObject>()
        for file in manifest.files {
            let object = StoredObject(digest: file.blob.digest, mode: file.mode)
            if objects.insert(object).inserted, try !store.has(object) { inStore.add(bytes: file.blob.size) }
            if !isShared { here.add(bytes: file.blob.size) }
            if let slash = file.path.lastByte("/") { folders.insert(file.path[..<slash]) }
        }
        // A folder that only has folders is in none of the paths; there are few.
        for _ in folders { here.add(bytes: 1) }
        for _ in manifest.links { here.add(bytes: 1) }
        if isShared {
            inStore.add(here)
            try inStore.check(path)
        } else {
            try inStore.check(store.path)
            try here.check(path)
        }
    }
}

/// What is to be written to a file system, in its blocks.
private struct SpaceNeed {
    private let space: Directory.Space
    private var bytes = 0
    private var files = 0

    init(_ space: Directory.Space) { self.space = space }

    mutating func add(bytes count: Int) {
        bytes += (count + space.block - 1) / space.block * space.block
        files += 1
    }

    mutating func add(_ other: SpaceNeed) {
        bytes += other.bytes
        files += other.files
    }

    func check(_ path: String) throws(TreeError) {
        guard bytes <= space.free else { throw .noSpace(path: path, needed: bytes, free: space.free) }
        if let free = space.freeFiles, files > free { throw .noFiles(path: path, needed: files, free: free) }
    }
}

extension Directory {
    fileprivate func isOnFileSystem(of other: Directory) throws -> Bool {
        guard let own = try status("."), let others = try other.status(".") else { return false }
        return own.st_dev == others.st_dev
    }
}

/// The folders on the way to a path, which are kept open for the next one: paths come sorted.
struct FolderStack {
    private var names: [Substring] = []
    private var folders: [Directory]

    init(_ root: Directory) { folders = [root] }

    /// The folder of a path, which is made first if it is not there, and the last name of the path.
    mutating func folder(of path: String) throws -> (Directory, String) {
        var parts = path.splitBytes("/")
        let name = String(parts.removeLast())
        let common = zip(parts, names).prefix { $0.isExactly($1) }.count
        names.removeLast(names.count - common)
        folders.removeLast(folders.count - common - 1)
        for part in parts[common...] {
            folders.append(try folders[folders.count - 1].directory(making: String(part)))
            names.append(part)
        }
        return (folders[folders.count - 1], name)
    }
}
