import Glibc
public import ServiceSupport
import SystemPackage
import Text

/// Prevents a second daemon or cron command from writing to the same kernel: `flock` on a file that names the holder
/// by process id and purpose (`1234 run`), which the pacemaker agent also reads.
///
/// The lock is held until the process ends, however it ends.
public final class StateLock: Sendable {
    private let file: FileDescriptor

    /// - Parameter purpose: what the holder is doing, for others that find the lock taken: `run`, `sync`.
    /// - Throws: an error that names the holder.
    public init(_ path: String, purpose: String) throws(FileError) {
        do {
            file = try FileDescriptor.open(
                FilePath(path), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw FileError("lock", path, errno: error as? Errno)
        }
        if let kind = FileKind(of: path), kind != .regularFile {
            try? file.close()
            throw FileError("lock", path, .kind(kind))
        }
        guard Self.take(file) else {
            let number = Glibc.errno
            try? file.close()
            guard number == EWOULDBLOCK else { throw FileError("lock", path, errno: Errno(rawValue: number)) }
            throw FileError(
                "lock", path, errno: Errno(rawValue: number), reason: "held by \(Holder(path))")
        }
        ftruncate(file.rawValue, 0)
        _ = try? file.writeAll("\(getpid()) \(purpose)\n".utf8)
    }

    /// Retries for a while, since `holder(of:)` also takes the lock for a moment.
    private static func take(_ file: FileDescriptor) -> Bool {
        for _ in 0..<25 {
            if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
            guard Glibc.errno == EWOULDBLOCK else { return false }
            usleep(10_000)
        }
        return flock(file.rawValue, LOCK_EX | LOCK_NB) == 0
    }

    /// The holder of the lock; `nil` if nobody holds it. Any user may ask.
    public static func holder(of path: String) -> Holder? {
        guard let file = try? InputFile.open(path) else { return nil }
        defer { try? file.close() }
        guard flock(file.rawValue, LOCK_SH | LOCK_NB) != 0, Glibc.errno == EWOULDBLOCK else { return nil }
        return Holder(path)
    }

    /// The process that holds a lock. Its fields are `nil` if it could not write its name because the disk was full.
    public struct Holder: Sendable, CustomStringConvertible {
        /// What the holder does: `run`, `sync`.
        public let purpose: String?
        /// The process id.
        public let process: Int32?

        init(_ path: String) {
            let bytes = (try? Files.read(path)).flatMap { $0 } ?? []
            let fields = bytes.split(separator: UInt8(ascii: "\n")).first?.split(separator: UInt8(ascii: " ")) ?? []
            guard fields.count == 2, let process = Int32(String(decoding: fields[0], as: UTF8.self)) else {
                (purpose, self.process) = (nil, nil)
                return
            }
            (purpose, self.process) = (String(decoding: fields[1], as: UTF8.self).printable, process)
        }

        /// `portcullis-gateway run, process 1234`
        public var description: String {
            guard let purpose, let process else { return "another process" }
            return "portcullis-gateway \(purpose), process \(process)"
        }
    }

    deinit { try? file.close() }
}
