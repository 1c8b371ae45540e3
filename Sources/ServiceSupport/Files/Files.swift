import Glibc
import SystemPackage

/// The few things done with files, each as safe as it can be made.
package enum Files {
    /// The bytes of a regular file; `nil` when there is none.
    /// - Parameters:
    ///   - limit: bytes; more is an error, before it is all in memory.
    ///   - source: what else it may be, for a command's argument.
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

    /// Writes a file so that a reader, or a machine that loses power, finds the old or the new content, never a part.
    /// - Parameter isDurable: whether to wait until it is on the disk; not for what is in /run.
    package static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool) throws(FileError) {
        let temporary = path + ".new"
        do {
            let file = try FileDescriptor.open(
                FilePath(temporary), .writeOnly,
                // Where a FIFO of that name is in the way, it is an error and no wait for its reader.
                options: [.create, .truncate, .noFollow, .nonBlocking, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try file.closeAfter {
                try file.writeAll(bytes)
                if isDurable, fsync(file.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
            }
            guard Glibc.rename(temporary, path) == 0 else { throw Errno(rawValue: Glibc.errno) }
            if isDurable { try synchronizeDirectory(of: path) }
        } catch {
            // On a full disk the half that was written is in everybody's way.
            unlink(temporary)
            throw FileError("write", path, errno: error as? Errno)
        }
    }

    /// Says whether it went.
    package static func rename(_ path: String, to other: String) -> Bool { Glibc.rename(path, other) == 0 }

    /// Nanoseconds since 1970; `nil` when there is no such file.
    package static func modificationTime(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    /// Tells the content of a path from another that took its place.
    package struct Identity: Equatable {
        package let device: UInt
        package let inode: UInt
        package let size: Int
        /// Nanoseconds since 1970.
        let modified: Int
        package let changed: Int
    }

    /// `nil` when there is no such file, or it cannot be seen. Costs one system call.
    package static func identity(of path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), size: status.st_size,
            modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec,
            changed: status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec)
    }

    /// Where a symbolic link leads; `nil` when it is none, or cannot be read.
    package static func target(of path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    package static func remove(_ path: String) { unlink(path) }

    /// The names in a directory; none when it is absent.
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
