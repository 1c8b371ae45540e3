import Glibc
public import SystemPackage

/// Reads what a path names that comes from outside: a setting, a flag, a folder that others write to. No path makes the
/// reader wait for ever, or read without end.
public enum InputFile {
    /// What a path may name.
    public enum Source: Sendable {
        /// A regular file, or a symbolic link to one. For programs that go on running.
        case regularFile
        /// Also a pipe that somebody writes to (`<(command)`), and a character device (/dev/stdin at a terminal,
        /// /dev/null). For commands whose end somebody waits for.
        case stream
    }

    /// Milliseconds that the writer of a pipe may take to open it: a shell starts both sides at once.
    private static let patience: Int32 = 2_000

    /// The bytes of a file.
    /// - Parameter limit: bytes; more is an error, before it is all in memory.
    /// - Throws: `InputFileError.system(.noSuchFileOrDirectory)` where there is none.
    public static func read(
        _ path: String, limit: Int, from source: Source = .regularFile
    ) throws(InputFileError) -> [UInt8] {
        let (file, kind) = try open(path, source)
        defer { try? file.close() }
        return try bytes(of: file, limit: limit, isPipe: kind == .fifo)
    }

    /// The bytes that standard input brings until its end.
    public static func readStandardInput(limit: Int) throws(InputFileError) -> [UInt8] {
        try bytes(of: .standardInput, limit: limit, isPipe: false)
    }

    /// Opens a regular file for reading, without waiting for anybody. The caller closes it.
    public static func open(_ path: String) throws(InputFileError) -> FileDescriptor {
        try open(path, .regularFile).file
    }

    private static func open(
        _ path: String, _ source: Source
    ) throws(InputFileError) -> (file: FileDescriptor, kind: FileKind) {
        // Without O_NONBLOCK the kernel would wait here until somebody writes to a FIFO.
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            let error = Errno(rawValue: errno)
            // What cannot be opened at all: a socket.
            guard error == .noSuchAddressOrDevice, let kind = FileKind(of: path), kind != .regularFile else {
                throw .system(error)
            }
            throw .kind(kind)
        }
        let file = FileDescriptor(rawValue: descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = Errno(rawValue: errno)
            try? file.close()
            throw .system(error)
        }
        let kind = FileKind(mode: status.st_mode)
        switch (kind, source) {
        case (.regularFile, _), (.fifo, .stream), (.characterDevice, .stream): return (file, kind)
        default:
            try? file.close()
            throw .kind(kind)
        }
    }

    private static func bytes(
        of file: FileDescriptor, limit: Int, isPipe: Bool
    ) throws(InputFileError) -> [UInt8] {
        var bytes = [UInt8]()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var isWriterAwaited = isPipe
        while true {
            do {
                let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                guard bytes.count + count <= limit else { throw InputFileError.tooLarge(limit) }
                bytes += chunk[..<count]
                if count > 0 { continue }
                // A pipe without a writer is at its end.
                guard isPipe, bytes.isEmpty else { return bytes }
                guard isWriterAwaited else { throw InputFileError.unwritten }
                isWriterAwaited = false
                wait(for: file, milliseconds: patience)
            } catch let error as InputFileError {
                throw error
            } catch Errno.wouldBlock {
                wait(for: file, milliseconds: -1)
            } catch {
                throw .system(error as? Errno ?? .ioError)
            }
        }
    }

    /// Until there is something to read, or a pipe's last writer is gone.
    private static func wait(for file: FileDescriptor, milliseconds: Int32) {
        var poll = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&poll, 1, milliseconds)
    }
}
