import Foundation
import ServiceSupport
import Synchronization

/// Makes sure that only one server works on a registry. A second one would not learn of the first one's changes, and
/// its held polls would miss them.
///
/// There are two kernel locks, which end with the process, however it ends. The lock of the file beside the registry
/// names its holder, and exists before the registry does. The lock of the registry itself (flock(2), which is
/// independent of SQLite's fcntl(2) locks) holds under whatever name the file is opened, and also after the file
/// beside it was deleted.
public final class RegistryLock: Sendable {
    private let descriptor: Int32
    private let path: String
    /// The file beside the registry.
    private let file: String
    /// Whether the file was not there before.
    private let isMade: Bool
    /// Closing this descriptor would end SQLite's locks on the file in this process, so it stays open as long as the
    /// lock.
    private let database = Mutex<Int32>(-1)

    /// Locks the registry at `path`, which need not exist yet.
    ///
    /// Throws `SettingsError` with the process that holds the lock.
    public init(_ path: String) throws {
        self.path = path
        file = Self.resolved(path) + ".lock"
        isMade = access(file, F_OK) != 0
        descriptor = try Self.lock(file, O_RDWR | O_CREAT, of: path)
        try opening { if access(path, F_OK) == 0 { try lockDatabase() } }
        let holder = "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Timestamp.text(Date()))"
        ftruncate(descriptor, 0)
        _ = holder.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    /// Locks the registry itself, once it exists. Does nothing if it is already locked.
    public func lockDatabase() throws {
        try database.withLock { database in
            if database < 0 { database = try Self.lock(path, O_RDONLY, of: path) }
        }
    }

    /// Runs `body`, which opens the registry. If it throws, a file beside the registry that this lock has made is
    /// removed again: there is no registry that it would be for.
    public func opening<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            if isMade { unlink(file) }
            throw error
        }
    }

    /// - Returns: the descriptor of the locked file.
    private static func lock(_ file: String, _ mode: Int32, of path: String) throws -> Int32 {
        let descriptor = open(file, mode | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SettingsError("the registry's lock \(file): \(FileError.reason(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = mode & O_CREAT == 0 ? "" : content(of: descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw SettingsError("the registry's lock \(file): \(FileError.reason(code))")
            }
            throw SettingsError(
                "the registry \(path) is in use by another ADMIN\(holder.isEmpty ? "" : ": \(holder)"); "
                    + "one at a time can serve it")
        }
        var status = stat()
        guard fstat(descriptor, &status) != 0 || status.st_nlink > 0 else {
            // Its holder has removed it since it was opened here (`opening`).
            close(descriptor)
            return try lock(file, mode, of: path)
        }
        return descriptor
    }

    deinit {
        close(descriptor)
        database.withLock { if $0 >= 0 { close($0) } }
    }

    /// The real path of the file, through symbolic links. If the file does not exist, the path is in the real path of
    /// its folder.
    private static func resolved(_ path: String) -> String {
        func real(_ path: String) -> String? {
            guard let resolved = realpath(path, nil) else { return nil }
            defer { free(resolved) }
            return String(cString: resolved)
        }
        if let file = real(path) { return file }
        let folder = Folder.parent(of: path)
        return real(folder).map { "\($0)/\(URL(fileURLWithPath: path).lastPathComponent)" } ?? path
    }

    private static func content(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 200)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)].filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
    }
}
