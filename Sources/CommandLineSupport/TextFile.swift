import Glibc
import InputFiles
import SystemPackage

/// A file that cannot be read or written; says which, and why in an operator's words.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public init(path: String, errno code: Int32) {
        self.init(path: path, reason: Self.reason(code))
    }

    public var description: String { "\(path): \(reason)" }

    /// What the system's error number means.
    public static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file"
        case EISDIR: "is a directory, not a regular file"
        default:
            String(cString: strerror(code)).prefix(1).lowercased() + String(cString: strerror(code)).dropFirst()
        }
    }
}

/// Small text files: settings, tokens, clouds.
public enum TextFile {
    /// Bytes that are read at most.
    public static let maximumSize = 16 << 20

    /// The UTF-8 text of a regular file.
    public static func read(_ path: String) throws(FileError) -> String {
        try text(named: path) { () throws(InputFileError) in try InputFile.read(path, limit: maximumSize) }
    }

    /// The UTF-8 text of what a command's argument names: a regular file, a pipe that somebody writes to (`<(command)`),
    /// /dev/stdin.
    public static func readArgument(_ path: String) throws(FileError) -> String {
        try text(named: path) { () throws(InputFileError) in
            try InputFile.read(path, limit: maximumSize, from: .stream)
        }
    }

    /// The UTF-8 text of standard input.
    public static func standardInput() throws(FileError) -> String {
        try text(named: "standard input") { () throws(InputFileError) in
            try InputFile.readStandardInput(limit: maximumSize)
        }
    }

    /// Writes a file, in place of one that is there.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try at(path) {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        }
    }

    /// Writes a file that must not be there yet, with rights of its own.
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
        } catch .system(let error) {
            throw FileError(path: name, errno: error.rawValue)
        } catch {
            throw FileError(path: name, reason: error.reason ?? "cannot be read")
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw FileError(path: name, reason: "the file is not UTF-8 text")
        }
        return text
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
