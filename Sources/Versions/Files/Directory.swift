import CFiles
import Glibc
package import ServiceSupport
import SystemPackage
import Text

/// An open directory. Everything in it is reached by its descriptor and a single name, never following a symbolic link:
/// whatever others do to the paths meanwhile, nothing outside is touched.
package final class Directory: Sendable {
    let descriptor: Int32
    /// The path by which it was opened, for messages.
    package let path: String

    private init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    private static let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

    /// Opens a directory by its path, in which symbolic links are followed.
    package static func open(_ path: String) throws(FileError) -> Directory {
        let descriptor = Glibc.open(path, flags)
        guard descriptor >= 0 else { throw error("open", path) }
        return Directory(descriptor, path)
    }

    /// Opens a directory in this one; `nil` if there is none.
    package func directory(_ name: String) throws(FileError) -> Directory? {
        let descriptor = openat(descriptor, name, Self.flags | O_NOFOLLOW)
        if descriptor < 0 {
            let code = errno
            if code == ENOENT { return nil }
            // With both flags, Linux calls a link no directory.
            guard code == ENOTDIR, let status = try status(name), status.kind == S_IFLNK else {
                throw Self.error("open", path(name), code)
            }
            throw Self.error("open", path(name), ELOOP)
        }
        return Directory(descriptor, path(name))
    }

    /// Opens a directory in this one, and makes it first if there is none. The umask has no effect.
    package func directory(making name: String, mode: UInt32 = 0o755) throws(FileError) -> Directory {
        if let directory = try directory(name) { return directory }
        guard mkdirat(descriptor, name, mode) == 0 || errno == EEXIST else { throw error("make", name) }
        guard let directory = try directory(name) else { throw FileError("make", path(name)) }
        guard fchmod(directory.descriptor, mode) == 0 else { throw error("set the mode of", name) }
        return directory
    }

    /// Opens a file for reading without waiting; `nil` if there is none. A symbolic link is an error.
    package func file(_ name: String) throws(FileError) -> OpenFile? {
        let descriptor = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw error("open", name) }
        return OpenFile(descriptor, path(name))
    }

    /// Makes a new file for writing.
    func create(_ name: String, mode: mode_t = 0o600) throws(FileError) -> OpenFile {
        let descriptor = openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw error("make", name) }
        return OpenFile(descriptor, path(name))
    }

    /// The state of what has the name, of a link itself; `nil` if there is nothing.
    func status(_ name: String) throws(FileError) -> stat? {
        var status = stat()
        if fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        guard errno == ENOENT else { throw error("look at", name) }
        return nil
    }

    /// Whether something has the name.
    package func has(_ name: String) throws(FileError) -> Bool { try status(name) != nil }

    /// Where a symbolic link leads; `nil` if there is nothing, or no link.
    package func target(_ name: String) throws(FileError) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { readlinkat(descriptor, name, $0.baseAddress!, $0.count) }
        if count < 0, errno == ENOENT || errno == EINVAL { return nil }
        guard count >= 0 else { throw error("read", name) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Makes a symbolic link.
    func link(to target: String, as name: String) throws(FileError) {
        guard symlinkat(target, descriptor, name) == 0 else { throw error("make", name) }
    }

    /// Makes a hard link to a file in this directory. Returns the number of the error, 0 if there is none.
    func hardLink(_ name: String, in other: Directory, as otherName: String) -> Int32 {
        linkat(descriptor, name, other.descriptor, otherName, 0) == 0 ? 0 : errno
    }

    /// Renames, in the place of what has the new name.
    func rename(_ name: String, to newName: String, in other: Directory? = nil) throws(FileError) {
        guard renameat(descriptor, name, (other ?? self).descriptor, newName) == 0 else {
            throw error("rename", name)
        }
    }

    /// Gives each of two things the name of the other, at one stroke.
    func exchange(_ name: String, _ other: String) throws(FileError) {
        guard portcullis_exchange(descriptor, name, other) == 0 else {
            throw error("replace", other)
        }
    }

    /// Opens a file below this directory; `nil` if there is none.
    func file(at path: String) throws(FileError) -> OpenFile? {
        var directory = self
        var rest = path[...]
        while let slash = rest.firstByte("/") {
            guard let next = try directory.directory(String(rest[..<slash])) else { return nil }
            directory = next
            rest = rest[rest.utf8.index(after: slash)...]
        }
        return try directory.file(String(rest))
    }

    /// Removes a file or a link. Returns whether there was one.
    @discardableResult
    package func remove(_ name: String) throws(FileError) -> Bool {
        if unlinkat(descriptor, name, 0) == 0 { return true }
        guard errno == ENOENT else { throw error("remove", name) }
        return false
    }

    /// Removes a file, or a directory with its contents. Another process may do the same at once. Returns whether there was
    /// one.
    @discardableResult
    package func removeAll(_ name: String) throws(FileError) -> Bool { try removeAll(Array(name.utf8)) }

    /// - Parameter name: the bytes of a name, which may not be UTF-8.
    private func removeAll(_ name: [UInt8]) throws(FileError) -> Bool {
        let shown = String(decoding: name, as: UTF8.self)
        let code = Self.code(name) { unlinkat(descriptor, $0, 0) }
        if code == 0 || code == ENOENT { return code == 0 }
        guard code == EISDIR || code == EPERM else { throw Self.error("remove", path(shown), code) }
        var child: Int32 = -1
        let opened = Self.code(name) { raw in
            child = openat(descriptor, raw, Self.flags | O_NOFOLLOW)
            return child
        }
        if opened == ENOENT { return false }
        guard opened == 0 else { throw Self.error("open", path(shown), opened) }
        let directory = Directory(child, path(shown))
        for entry in try directory.entries() { _ = try directory.removeAll(entry.bytes) }
        let removed = Self.code(name) { unlinkat(descriptor, $0, AT_REMOVEDIR) }
        guard removed == 0 || removed == ENOENT else { throw Self.error("remove", path(shown), removed) }
        return true
    }

    /// Makes a system call for a name. Returns the number of its error, 0 if there is none.
    private static func code(_ name: [UInt8], _ call: (UnsafePointer<CChar>) -> Int32) -> Int32 {
        (name + [0]).withUnsafeBytes { bytes in
            call(bytes.assumingMemoryBound(to: CChar.self).baseAddress!) >= 0 ? 0 : errno
        }
    }

    /// Waits until all names in the directory are on the disk.
    package func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw Self.error("write", path) }
    }

    /// Waits until everything on the directory's file system is on the disk.
    func synchronizeFileSystem() throws(FileError) {
        guard portcullis_syncfs(descriptor) == 0 else { throw Self.error("write", path) }
    }

    /// What is in the directory, sorted by name.
    package func entries() throws(FileError) -> [Entry] {
        let copy = openat(descriptor, ".", Self.flags)
        guard copy >= 0, let stream = fdopendir(copy) else { throw Self.error("read", path) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Self.error("read", path) }
                break
            }
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    UnsafeRawBufferPointer(start: name, count: strlen(name)).map(\.self)
                }
            }
            if bytes == [0x2E] || bytes == [0x2E, 0x2E] { continue }
            entries.append(Entry(bytes: bytes))
        }
        return entries.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// A name in a directory.
    package struct Entry: Sendable {
        let bytes: [UInt8]

        /// The name; `nil` if it is not UTF-8.
        package var name: String? { String(validating: bytes, as: UTF8.self) }

        /// For messages, whatever the name is.
        package var shownName: String { String(decoding: bytes, as: UTF8.self) }
    }

    // MARK: - Space

    /// What a file system has left for this process.
    struct Space {
        /// Bytes.
        let free: Int
        /// Files that can be made; `nil`: the file system makes room for them as for anything else.
        let freeFiles: Int?
        /// Bytes of one block: a file takes whole ones.
        let block: Int
    }

    func space() throws(FileError) -> Space {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { throw Self.error("look at", path) }
        let block = Int(status.f_frsize)
        return Space(
            free: Int(clamping: status.f_bavail).multipliedReportingOverflow(by: block).partialValue,
            freeFiles: status.f_files == 0 ? nil : Int(clamping: status.f_favail), block: max(block, 1))
    }

    // MARK: - Errors

    /// The path of something in the directory, for messages.
    package func path(_ name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    private func error(_ action: String, _ name: String) -> FileError { Self.error(action, path(name)) }

    private static func error(_ action: String, _ path: String, _ code: Int32 = errno) -> FileError {
        let reason = code == ELOOP ? "is a symbolic link, which is not followed here" : nil
        return FileError(action, path, errno: Errno(rawValue: code), reason: reason)
    }
}
