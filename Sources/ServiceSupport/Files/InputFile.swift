import Glibc
public import SystemPackage

/// Reads files whose path comes from outside: from a setting, a flag, or a folder to which others write. No path
/// makes the reader wait for ever, or read without end.
public enum InputFile {
    /// What a path may name.
    public enum Source: Sendable {
        /// A regular file, or a symbolic link to one. For long-running programs.
        case regularFile
        /// Also a pipe with a writer (`<(command)`) and a character device (/dev/stdin at a terminal, /dev/null). For
        /// commands whose end somebody waits for.
        case stream
    }

    /// Milliseconds that the writer of a pipe may take to open it, since a shell starts both sides at once.
    private static let patience: Int32 = 2_000

    /// Reads a file.
    /// - Parameter limit: the greatest size in bytes. A larger file is an error, found before all of it is in memory.
    /// - Throws: `InputFileError.system(.noSuchFileOrDirectory)` if there is no file.
    public static func read(
        _ path: String, limit: Int, from source: Source = .regularFile
    ) throws(InputFileError) -> [UInt8] {
        let (file, kind) = try open(path, source)
        defer { try? file.close() }
        return try bytes(of: file, limit: limit, isPipe: kind == .fifo)
    }

    /// Reads standard input to its end.
    public static func readStandardInput(limit: Int) throws(InputFileError) -> [UInt8] {
        try bytes(of: .standardInput, limit: limit, isPipe: false)
    }

    /// Opens a regular file for reading, without waiting. The caller closes it.
    public static func open(_ path: String) throws(InputFileError) -> FileDescriptor {
        try open(path, .regularFile).file
    }

    private static func open(
        _ path: String, _ source: Source
    ) throws(InputFileError) -> (file: FileDescriptor, kind: FileKind) {
        // Without O_NONBLOCK, the kernel would wait until somebody opens a FIFO for writing.
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            let error = Errno(rawValue: errno)
            // A file that cannot be opened at all, such as a socket.
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
                // A pipe without a writer reads as if it were at its end.
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

    /// Waits until there is something to read, or a pipe's last writer is gone.
    private static func wait(for file: FileDescriptor, milliseconds: Int32) {
        var poll = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&poll, 1, milliseconds)
    }
}
