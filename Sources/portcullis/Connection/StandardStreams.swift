import ArgumentParser
import CommandLineSupport
import Foundation
import SystemPackage

/// Standard output, for results.
enum StandardOutput {
    /// What a shell says of a program that SIGPIPE has ended.
    private static let readerGone = ExitCode(128 + 13)

    /// Writes bytes as they are. When nobody reads any more (`| head`), the command ends without a word.
    static func write(_ data: Data) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(data)
        } catch Errno.brokenPipe {
            throw readerGone
        } catch let error as Errno {
            throw CommandError("standard output: \(FileError.reason(error.rawValue))")
        }
    }

    /// Writes text, with a line end unless it has one or is empty.
    static func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        try write(Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }
}

/// Standard error, for what is no result.
enum StandardError {
    static func write(_ line: String) {
        // Nobody could be told that standard error is closed.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }
}
