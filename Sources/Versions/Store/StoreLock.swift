import Glibc
import ServiceSupport
import SystemPackage

extension BlobStore {
    private static let lockFile = "lock"

    /// Runs `body` while no other process or thread does what excludes it. Only short work is done in it: naming blobs
    /// (shared), and looking for those that nobody needs (exclusive).
    func locked<Value>(exclusively: Bool, _ body: () throws -> Value) throws -> Value {
        let descriptor = openat(root.descriptor, Self.lockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileError("open", root.path(Self.lockFile), errno: Errno(rawValue: errno))
        }
        // Closing the file ends the lock, since nobody else has this description of it.
        defer { close(descriptor) }
        while flock(descriptor, exclusively ? LOCK_EX : LOCK_SH) != 0 {
            guard errno == EINTR else {
                throw FileError("lock", root.path(Self.lockFile), errno: Errno(rawValue: errno))
            }
        }
        return try body()
    }
}
