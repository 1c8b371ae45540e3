import Glibc
import ServiceSupport
import SystemPackage

/// The files of a log, held open: whatever is renamed meanwhile, a number is the same file.
///
/// The folder may belong to the service's user, so nothing but regular files is taken there, and no link is followed.
final class OpenedLog {
    /// How often the files are opened anew if they were renamed meanwhile.
    private static let attempts = 5

    private let path: String
    /// Whether a full file is renamed, and not copied.
    let isRenamed: Bool
    private var descriptors: [Int32] = []
    private(set) var marks: [LogFiles.Mark] = []
    private(set) var files = LogFiles([], kept: 0, isRenamed: true)

    /// Opens the files that there are. Cost: two system calls for each.
    init(_ log: ServiceLogFiles, kept: Int) throws(FileError) {
        path = log.path
        isRenamed = log.isMasters
        for _ in 0..<Self.attempts {
            close()
            for number in 0...kept { try open(number) }
            // After a rotation that nobody was told of, the first would be an older one.
            if Files.identity(of: path)?.inode == marks.first?.inode { break }
        }
        files = LogFiles(marks, kept: kept, isRenamed: log.isMasters)
    }

    deinit { close() }

    private func close() {
        for descriptor in descriptors { Glibc.close(descriptor) }
        descriptors = []
        marks = []
    }

    /// Opens a file unless it is not there, or is one of those that are open.
    private func open(_ number: Int) throws(FileError) {
        let path = number == 0 ? self.path : "\(self.path).\(number)"
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw FileError("read", path, errno: Errno(rawValue: errno)) }
            return
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            !marks.contains(where: { $0.inode == UInt(status.st_ino) })
        else {
            Glibc.close(descriptor)
            return
        }
        descriptors.append(descriptor)
        marks.append(
            LogFiles.Mark(
                inode: UInt(status.st_ino),
                modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec, size: status.st_size))
    }

    /// Reads bytes of a file; fewer where it is shorter by now.
    ///
    /// - Parameter number: of `files`.
    func read(_ number: Int, from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        let file = FileDescriptor(rawValue: descriptors[number])
        do {
            return try [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
                while filled < count {
                    let more = try file.read(
                        fromAbsoluteOffset: Int64(offset + filled),
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count]))
                    guard more > 0 else { break }
                    filled += more
                }
            }
        } catch {
            throw FileError("read", path, errno: error as? Errno)
        }
    }
}
