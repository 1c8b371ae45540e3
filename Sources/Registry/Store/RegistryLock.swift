import Foundation
import ServiceSupport
import Synchronization

/// Makes sure that one server at a time works on a registry: another would not know of its changes, and its held polls
/// would sleep through them.
///
/// There are two of the kernel's locks, which end with the process, however that ends. That of the file beside the
/// registry names its holder and is there before the registry is. That of the registry itself (flock(2), of which
/// SQLite's own fcntl(2) locks know nothing) holds by whatever name the file is opened, also when somebody has deleted
/// the file beside it.
public final class RegistryLock: Sendable {
    private let descriptor: Int32
    private let path: String
    /// Closing it ends the locks that SQLite has on the file in this process, so it stays open as long as the lock.
    private let database = Mutex<Int32>(-1)

    /// Takes the lock of the registry at `path`, a file that may not be there yet.
    ///
    /// Throws `SettingsError` naming the process that has it.
    public init(_ path: String) throws {
        self.path = path
        descriptor = try Self.lock(Self.resolved(path) + ".lock", O_RDWR | O_CREAT, of: path)
        if access(path, F_OK) == 0 { try lockDatabase() }
        let holder = "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Timestamp.text(Date()))"
        ftruncate(descriptor, 0)
        _ = holder.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    /// Locks the registry itself, once it is there; again does nothing.
    public func lockDatabase() throws {
        try database.withLock { database in
            if database < 0 { database = try Self.lock(path, O_RDONLY, of: path) }
        }
    }

    /// - Returns: The descriptor of the locked file.
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
        return descriptor
    }

    deinit {
        close(descriptor)
        database.withLock { if $0 >= 0 { close($0) } }
    }

    /// The path of the file itself, through symbolic links; of one that is not there, in its folder's own path.
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
