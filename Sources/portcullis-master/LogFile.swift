import CMaster
import Glibc

/// The file of a service's log, and the older ones: `log`, `log.1`, `log.2` and so on. Only one master writes to it.
final class LogFile {
    /// A line that is longer may be continued in the next file.
    private static let longest = 1 << 20

    private let path: String
    /// Bytes before a new file is begun.
    private let limit: Int
    /// Older files that are kept.
    private let kept: Int
    private var file: Int32 = -1

    /// `nil` with `errno` if it cannot be opened.
    init?(path: String, limit: Int, kept: Int) {
        self.path = path
        self.limit = limit
        self.kept = kept
        guard open(path) else { return nil }
    }

    /// Opens the file, for what is spliced and for what this process itself prints.
    private func open(_ path: String, _ more: Int32 = 0) -> Bool {
        // splice(2) takes no file that is appended to.
        let next = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | more, 0o640)
        guard next >= 0 else { return false }
        if file >= 0 { close(file) }
        file = next
        let own = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard own >= 0 else { return true }
        dup2(own, STDOUT_FILENO)
        dup2(own, STDERR_FILENO)
        close(own)
        return true
    }

    /// Whether it ends in the middle of a line.
    var endsInLine: Bool {
        let end = lseek(file, 0, SEEK_END)
        var last: UInt8 = 0
        return end > 0 && pread(file, &last, 1, end - 1) == 1 && last != UInt8(ascii: "\n")
    }

    /// Moves bytes of a pipe to its end, within the kernel: what has left the pipe is in the file, whenever this process is
    /// killed. Returns how many it were, fewer if `errno` says why.
    func move(from pipe: Int32, _ count: Int) -> Int {
        var moved = 0
        lseek(file, 0, SEEK_END)
        while moved < count {
            let more = master_move(pipe, file, count - moved)
            guard more > 0 else {
                if more == 0 { errno = EIO }
                return moved
            }
            moved += more
        }
        return moved
    }

    /// Writes all of some bytes at its end, or nothing. Returns whether it did; `errno` says why not.
    func append(_ bytes: [UInt8]) -> Bool {
        let end = lseek(file, 0, SEEK_END)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let number = errno
                if written > 0 { ftruncate(file, end) }
                errno = number
                return false
            }
            written += count
        }
        return true
    }

    /// Begins a new file if there is no room for so many bytes. If that fails, the log goes on in the one that there is.
    ///
    /// - Parameter isInLine: whether it ends in the middle of a line.
    func makeRoom(for count: Int, isInLine: Bool) {
        let end = Int(lseek(file, 0, SEEK_END))
        guard end > 0, end + count > limit, !isInLine || end > limit + Self.longest else { return }
        let new = path + ".new"
        let next = Glibc.open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
        guard next >= 0 else { return }
        close(next)
        // One that was killed in the middle has left a number free: those behind it were renamed.
        let free = (1...kept).first { access("\(path).\($0)", F_OK) != 0 } ?? kept
        for number in stride(from: free - 1, through: 1, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        rename(path, path + ".1")
        // Where that fails, it goes on in the older one, and the next master makes a new one.
        guard rename(new, path) == 0 else { return }
        _ = open(path)
    }
}
