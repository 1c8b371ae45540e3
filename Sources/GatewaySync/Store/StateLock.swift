import Glibc
import InputFiles
import SystemPackage
import Text

/// Keeps a second daemon or cron command from writing to the same kernel: `flock` on a file that names its holder, by process id and
/// purpose (`1234 run`), for the pacemaker agent too.
///
/// Held until the process ends, however it ends.
public final class StateLock: Sendable {
    private let file: FileDescriptor

    /// - Parameter purpose: what the holder is doing, for whoever finds the lock taken: `run`, `sync`.
    /// - Throws: who holds it.
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
                "lock", path, errno: Errno(rawValue: number), reason: "held by \(Self.name(in: path))")
        }
        ftruncate(file.rawValue, 0)
        _ = try? file.writeAll("\(getpid()) \(purpose)\n".utf8)
    }

    /// Whoever asks for the holder (`holder(of:)`) has the lock for a moment: that is no reason to give up.
    private static func take(_ file: FileDescriptor) -> Bool {
        for _ in 0..<25 {
            if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
            guard Glibc.errno == EWOULDBLOCK else { return false }
            usleep(10_000)
        }
        return flock(file.rawValue, LOCK_EX | LOCK_NB) == 0
    }

    /// Who holds the lock, in words; `nil` when nobody does. Anybody may ask.
    public static func holder(of path: String) -> String? {
        guard let file = try? InputFile.open(path) else { return nil }
        defer { try? file.close() }
        guard flock(file.rawValue, LOCK_SH | LOCK_NB) != 0, Glibc.errno == EWOULDBLOCK else { return nil }
        return name(in: path)
    }

    private static func name(in path: String) -> String {
        let bytes = (try? Files.read(path)).flatMap { $0 } ?? []
        let fields = bytes.split(separator: UInt8(ascii: "\n")).first?.split(separator: UInt8(ascii: " ")) ?? []
        guard fields.count == 2, let process = Int32(String(decoding: fields[0], as: UTF8.self)) else {
            return nameless
        }
        return "portcullis-gateway \(String(decoding: fields[1], as: UTF8.self).printable), process \(process)"
    }

    /// A holder that could not write its name: there is no room in the directory.
    static let nameless = "another process"

    deinit { try? file.close() }
}
