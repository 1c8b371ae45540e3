import ArgumentParser
import Glibc
import ServiceSupport
import SystemPackage
import Text

/// Standard output, for results. What cannot be written is an error: a full disk must not look like success.
public enum StandardOutput {
    /// What a shell says of a program that SIGPIPE has ended.
    private static let readerGone = ExitCode(128 + 13)

    /// Whether people read it, at a terminal.
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes bytes as they are. When nobody reads any more (`| head`), the command ends without a word.
    public static func write(_ bytes: some Sequence<UInt8>) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            throw readerGone
        } catch let error as Errno {
            throw FileError(path: "standard output", errno: error.rawValue)
        }
    }

    /// Writes text, with a line end unless it has one or is empty.
    public static func write(_ text: String) throws {
        guard let last = text.utf8.last else { return }
        try write(last == UInt8(ascii: "\n") ? Array(text.utf8) : Array(text.utf8) + [UInt8(ascii: "\n")])
    }
}

/// Standard error, for what is no result.
public enum StandardError {
    /// Writes lines, in which nothing can play with the terminal.
    public static func write(_ lines: String) {
        // Nobody could be told that standard error is closed.
        _ = try? FileDescriptor.standardError.writeAll(Array((lines.printableLines + "\n").utf8))
    }
}
