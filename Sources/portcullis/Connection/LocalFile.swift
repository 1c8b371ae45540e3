import Foundation
import ServiceSupport

/// Files on the operator's machine.
enum LocalFile {
    /// The UTF-8 text of a file or a pipe, at most 16 MiB; `-` is standard input.
    static func text(_ path: String) throws(FileError) -> String {
        path == "-" ? try TextFile.standardInput() : try TextFile.readArgument(path)
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
