package import Glibc
package import ServiceSupport
import SystemPackage

/// An open file, which is closed with its last reference.
package final class OpenFile: Sendable {
    let descriptor: Int32
    /// The path by which it was opened, for messages.
    package let path: String

    init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Opens a file by its path, in which symbolic links are followed.
    package static func open(_ path: String) throws(FileError) -> OpenFile {
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path, errno: Errno(rawValue: errno)) }
        return OpenFile(descriptor, path)
    }

    /// How many bytes are read or written at once.
    static let chunk = 1 << 18

    /// The state of the file.
    package func status() throws(FileError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw error("look at") }
        return status
    }

    /// Hands out the whole file from its beginning, a chunk at a time.
    ///
    /// - Parameter limit: more bytes than these are not read.
    package func read(atMost limit: Int = .max, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < limit {
            let count = pread(descriptor, buffer.baseAddress, min(buffer.count, limit - offset), off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw error("read") }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    /// The bytes of a small file.
    package func bytes(atMost limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(atMost: limit + 1) { bytes += $0 }
        guard bytes.count <= limit else { throw FileError("read", path, .tooLarge(limit)) }
        return bytes
    }

    /// Writes everything after what was written.
    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw error("write") }
            rest = rest.dropFirst(count)
        }
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
        let failure = bytes.withUnsafeBytes { bytes -> FileError? in
            do throws(FileError) { try write(bytes) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// Sets the permissions; the umask has no effect.
    func setMode(_ mode: FileMode) throws(FileError) {
        guard fchmod(descriptor, mode_t(mode.bits)) == 0 else { throw error("set the mode of") }
    }

    /// Sets the time of the last modification to this one, in nanoseconds since 1970, or to a later one if the file
    /// system keeps no fractions.
    func setModified(atLeast nanoseconds: Int) throws(FileError) {
        try setModified(nanoseconds)
        if try status().modified < nanoseconds { try setModified(nanoseconds + 2_000_000_000) }
    }

    private func setModified(_ nanoseconds: Int) throws(FileError) {
        let time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        guard futimens(descriptor, [time, time]) == 0 else { throw error("set the time of") }
    }

    /// Waits until the file is on the disk.
    func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw error("write") }
    }

    private func error(_ action: String) -> FileError { FileError(action, path, errno: Errno(rawValue: errno)) }
}

extension stat {
    var kind: mode_t { st_mode & S_IFMT }

    /// Nanoseconds since 1970.
    var modified: Int { st_mtim.tv_sec * 1_000_000_000 + st_mtim.tv_nsec }

    /// Nanoseconds since 1970.
    var changed: Int { st_ctim.tv_sec * 1_000_000_000 + st_ctim.tv_nsec }
}
