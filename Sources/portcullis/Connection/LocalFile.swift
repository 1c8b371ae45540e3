import Foundation
import ServiceSupport

/// Files on the operator's machine.
enum LocalFile {
    /// The UTF-8 text of a file or a pipe, at most 16 MiB; `-` is standard input.
    static func text(_ path: String) throws(FileError) -> String {
        path == "-" ? try TextFile.standardInput() : try TextFile.readArgument(path)
    }

    /// The bytes of a file or a pipe; `-` is standard input.
    static func bytes(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        do throws(InputFileError) {
            return path == "-"
                ? try InputFile.readStandardInput(limit: limit)
                : try InputFile.read(path, limit: limit, from: .stream)
        } catch {
            throw FileError(path: path == "-" ? "standard input" : path, reason: error.reason)
        }
    }

    /// The names in a directory, sorted; `nil` if the path is no directory.
    static func names(inDirectory path: String) -> [String]? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            return nil
        }
        return (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted()
    }
}
