import Glibc
import SystemPackage

/// Small text files: settings, tokens, clouds.
public enum TextFile {
    /// The greatest size in bytes.
    public static let maximumSize = 16 << 20

    /// Reads the UTF-8 text of a regular file.
    public static func read(_ path: String) throws(FileError) -> String {
        try text(named: path) { () throws(InputFileError) in try InputFile.read(path, limit: maximumSize) }
    }

    /// Reads the UTF-8 text of a command's argument: a regular file, a pipe with a writer (`<(command)`), or
    /// /dev/stdin.
    public static func readArgument(_ path: String) throws(FileError) -> String {
        try text(named: path) { () throws(InputFileError) in
            try InputFile.read(path, limit: maximumSize, from: .stream)
        }
    }

    /// Reads the UTF-8 text of standard input.
    public static func standardInput() throws(FileError) -> String {
        try text(named: "standard input") { () throws(InputFileError) in
            try InputFile.readStandardInput(limit: maximumSize)
        }
    }

    /// Writes a file; replaces an existing one.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try at(path) {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        }
    }

    /// Writes a new file with the given permissions. An existing file is an error.
    public static func make(_ text: String, at path: String, mode: UInt32) throws(FileError) {
        try at(path) {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: FilePermissions(rawValue: mode))
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        }
    }

    private static func text(
        named name: String, _ bytes: () throws(InputFileError) -> [UInt8]
    ) throws(FileError) -> String {
        let content: [UInt8]
        do throws(InputFileError) {
            content = try bytes()
        } catch {
            throw FileError(path: name, reason: error.reason)
        }
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: content.span))
        } catch {
            let line = content[..<error.byteOffsets.lowerBound].count { $0 == UInt8(ascii: "\n") } + 1
            throw FileError(path: name, reason: "the file is not UTF-8 text (line \(line))")
        }
    }

    private static func at<Value>(_ path: String, _ body: () throws -> Value) throws(FileError) -> Value {
        do {
            return try body()
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(path: path, reason: (error as? Errno).map { FileError.reason($0.rawValue) } ?? "\(error)")
        }
    }
}
