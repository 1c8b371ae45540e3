import Glibc
import SystemPackage

/// Basic operations on files, each as safe as possible.
package enum Files {
    /// Reads a regular file; `nil` if there is none.
    /// - Parameters:
    ///   - limit: the greatest size in bytes. A larger file is an error, found before all of it is in memory.
    ///   - source: what else the path may name, for a command's argument.
    package static func read(
        _ path: String, limit: Int = 1 << 28, from source: InputFile.Source = .regularFile
    ) throws(FileError) -> [UInt8]? {
        do throws(InputFileError) {
            return try InputFile.read(path, limit: limit, from: source)
        } catch .system(.noSuchFileOrDirectory) {
            return nil
        } catch {
            throw FileError("read", path, error)
        }
    }

    /// Replaces a file so that a reader, or a machine that loses power, finds either the old or the new content,
    /// never a part.
    /// - Parameters:
    ///   - isDurable: whether to wait until the file is on the disk; not needed for files in /run.
    ///   - mode: the permissions of the new file; `nil`: 0644, less what the umask takes.
    ///   - keepingOwner: whether the new file belongs to the user and group of the present one.
    package static func replace(
        _ path: String, with bytes: [UInt8], isDurable: Bool, mode: UInt32? = nil, keepingOwner: Bool = false
    ) throws(FileError) {
        let temporary = path + ".new"
        do {
            let file = try FileDescriptor.open(
                FilePath(temporary), .writeOnly,
                // A FIFO of this name is an error; do not wait for its reader.
                options: [.create, .truncate, .noFollow, .nonBlocking, .closeOnExec],
                permissions: mode == nil ? [.ownerReadWrite, .groupRead, .otherRead] : .ownerReadWrite)
            try file.closeAfter {
                var status = stat()
                if keepingOwner, stat(path, &status) == 0,
                    fchown(file.rawValue, status.st_uid, status.st_gid) != 0
                {
                    throw Errno(rawValue: Glibc.errno)
                }
                if let mode, fchmod(file.rawValue, mode) != 0 { throw Errno(rawValue: Glibc.errno) }
                try file.writeAll(bytes)
                if isDurable, fsync(file.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
            }
            guard Glibc.rename(temporary, path) == 0 else { throw Errno(rawValue: Glibc.errno) }
            if isDurable { try synchronizeDirectory(of: path) }
        } catch {
            // On a full disk, an incomplete file would only take room.
            unlink(temporary)
            throw FileError("write", path, errno: error as? Errno)
        }
    }

    /// The permissions of a file; `nil` if there is none.
    package static func mode(of path: String) -> UInt32? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mode & 0o7777
    }

    /// Renames a file. Returns whether it succeeded.
    package static func rename(_ path: String, to other: String) -> Bool { Glibc.rename(path, other) == 0 }

    /// The time of the last modification in nanoseconds since 1970; `nil` if there is no such file.
    package static func modificationTime(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    /// Distinguishes the content of a path from another file that replaces it.
    package struct Identity: Equatable {
        package let device: UInt
        package let inode: UInt
        package let size: Int
        /// The time of the last modification in nanoseconds since 1970.
        package let modified: Int
        /// The time of the last change of the inode in nanoseconds since 1970.
        package let changed: Int
    }

    /// The identity of a file; `nil` if there is none, or it is not accessible. Cost: one system call.
    package static func identity(of path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), size: status.st_size,
            modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec,
            changed: status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec)
    }

    /// The target of a symbolic link; `nil` if the path is no link, or cannot be read.
    package static func target(of path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    /// Removes a file, if it exists. Errors are ignored.
    package static func remove(_ path: String) { unlink(path) }

    /// Removes a file, if it exists. It stays removed after a crash of the machine.
    package static func removeDurably(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || Glibc.errno == ENOENT else {
            throw FileError("remove", path, errno: Errno(rawValue: Glibc.errno))
        }
        do { try synchronizeDirectory(of: path) } catch { throw FileError("remove", path, errno: error as? Errno) }
    }

    /// The names in a directory; empty if it does not exist.
    package static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names = [String]()
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func synchronizeDirectory(of path: String) throws {
        let directory = FilePath(path).removingLastComponent()
        let file = try FileDescriptor.open(directory.isEmpty ? "." : directory, .readOnly, options: .directory)
        try file.closeAfter {
            if fsync(file.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
        }
    }
}
