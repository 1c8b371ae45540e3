import Glibc

/// The lock of a master on its directory, which no worker has.
final class DirectoryLock {
    private let descriptor: Int32

    /// `nil`: another master has it. After a master was killed, a child that it had just made may hold it for a moment.
    init?(_ directory: String) {
        descriptor = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return nil }
        for _ in 0..<100 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            usleep(20_000)
        }
        return nil
    }

    deinit { close(descriptor) }
}
