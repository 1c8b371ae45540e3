import Text

/// The rule for paths of files and links within a version. It is wider than that for paths in a meta-configuration,
/// since a build decides what its files are named.
package enum VersionPath {
    /// The longest path in bytes.
    package static let longest = 1_024
    /// The longest name in bytes (NAME_MAX).
    package static let longestName = 255

    /// What is wrong with a path, to follow it in a message; `nil` if nothing is.
    package static func problem(with path: String) -> String? {
        guard !path.utf8.isEmpty else { return "is empty" }
        guard path.utf8.count <= longest else { return "is longer than \(longest) bytes" }
        guard path.utf8.first != UInt8(ascii: "/") else {
            return "is absolute; paths are relative to the version's root"
        }
        for name in path.splitBytes("/") {
            if name.isEmpty { return "has an empty name between or after slashes" }
            if name.isExactly(".") || name.isExactly("..") { return "has the name \"\(name)\"" }
            if name.utf8.count > longestName { return "has a name longer than \(longestName) bytes" }
        }
        return characterProblem(in: path)
    }

    /// What is wrong with the characters of a path; `nil` if nothing is.
    private static func characterProblem(in path: String) -> String? {
        // Nearly all paths are ASCII.
        if path.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return nil }
        let refused = path.unicodeScalars.first { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
            default: false
            }
        }
        return refused.map { "has \(String($0).printed(atMost: 1)), a control character" }
    }

    /// What two paths have in common that some file system takes for the same: neither case nor the Unicode normal form
    /// distinguishes them. Two keys are compared by Swift's canonical equality.
    package static func key(of path: String) -> String {
        // Upper case first: "ß" and "SS", "ſ" and "s" are the same, too.
        path.utf8.allSatisfy { $0 < 0x80 } ? path.lowercased() : path.uppercased().lowercased()
    }
}
