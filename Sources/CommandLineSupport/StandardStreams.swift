import ArgumentParser
import Glibc
import ServiceSupport
import SystemPackage
import Text

/// Standard output, for results. Output that cannot be written is an error: a full disk must not look like success.
public enum StandardOutput {
    /// The exit code that a shell reports for a program that SIGPIPE has ended.
    private static let readerGone = ExitCode(128 + 13)

    /// Whether standard output is a terminal.
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether states may have colors: at a terminal that has them, unless NO_COLOR asks for none (no-color.org).
    public static var takesColors: Bool {
        isTerminal && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb"
    }

    /// How many lines and columns the terminal has; `nil` where it does not tell.
    public static var terminalSize: (lines: Int, columns: Int)? { size(of: STDOUT_FILENO) }

    fileprivate static func size(of descriptor: CInt) -> (lines: Int, columns: Int)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return nil }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    fileprivate static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    /// Writes bytes unchanged. If the reader is gone (`| head`), the command ends silently.
    public static func write(_ bytes: some Sequence<UInt8>) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            throw readerGone
        } catch let error as Errno {
            throw FileError(path: "standard output", errno: error.rawValue)
        }
    }

    /// Writes a text, and a line end unless the text has one or is empty.
    public static func write(_ text: String) throws {
        guard let last = text.utf8.last else { return }
        try write(last == UInt8(ascii: "\n") ? Array(text.utf8) : Array(text.utf8) + [UInt8(ascii: "\n")])
    }
}

/// Standard error, for everything except results.
public enum StandardError {
    /// Whether standard error is a terminal.
    public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether what stands there can be written over: standard error is a terminal that can.
    public static var canRewrite: Bool { isTerminal && StandardOutput.variable("TERM") != "dumb" }

    /// How many lines and columns the terminal has; `nil` where it does not tell.
    public static var terminalSize: (lines: Int, columns: Int)? { StandardOutput.size(of: STDERR_FILENO) }

    /// Writes lines in the place of those above the cursor, and leaves the cursor in the last.
    /// - Parameter rows: how many rows of the terminal are written over, the cursor's among them.
    public static func rewrite(_ rows: Int, with lines: [String]) {
        let up = rows > 1 ? "\u{1B}[\(rows - 1)A" : ""
        let text = lines.map(\.printable).joined(separator: "\n")
        _ = try? FileDescriptor.standardError.writeAll(Array("\r\(up)\u{1B}[J\(text)".utf8))
    }

    /// Replaces the line of a terminal on which nothing but this writes; cut to what a narrow terminal shows.
    public static func rewriteLine(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(Array("\r\u{1B}[K\(text.printable.prefix(79))".utf8))
    }

    /// Writes lines. Characters that could affect the terminal are escaped.
    public static func write(_ lines: String) {
        // If standard error is closed, there is nobody to tell.
        _ = try? FileDescriptor.standardError.writeAll(Array((lines.printableLines + "\n").utf8))
    }
}
