import CommandLineSupport
import Foundation

/// Makes sure that one server at a time works on a registry: another would not know of its changes, and its held polls would
/// sleep through them. It is the kernel's lock, so it ends with the process, however that ends.
public final class RegistryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of the registry at `path`.
    ///
    /// Throws `SettingsError` naming the process that has it.
    public init(_ path: String) throws {
        let file = path + ".lock"
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SettingsError("the registry's lock \(file): \(FileError.reason(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.content(of: descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw SettingsError("the registry's lock \(file): \(FileError.reason(code))")
            }
            throw SettingsError(
                "the registry \(path) is in use by another ADMIN\(holder.isEmpty ? "" : ": \(holder)"); "
                    + "one at a time can serve it")
        }
        let holder = "process \(getpid()) on \(ProcessInfo.processInfo.hostName), since \(Timestamp.text(Date()))"
        ftruncate(descriptor, 0)
        _ = holder.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit { close(descriptor) }

    private static func content(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 200)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)].filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
    }
}
