import Glibc

/// Whole files, by the calls themselves.
enum FileBytes {
    /// `nil` if there is none, or if it is longer than the limit.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Replaces a file at one stroke. Returns whether that worked; `errno` says why not.
    ///
    /// - Parameter isDurable: whether to wait until the content is on the disk.
    static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t, isDurable: Bool = false) -> Bool {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { return false }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isStored = written == bytes.count && (!isDurable || fsync(file) == 0)
        close(file)
        if isStored, rename(new, path) == 0 { return true }
        let number = errno
        unlink(new)
        errno = number
        return false
    }
}
