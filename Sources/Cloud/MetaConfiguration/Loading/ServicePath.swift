import Text
import YAML

/// Paths inside a service's root, in `install`, `uninstall`, `tests` and `database`. They have nothing that a shell,
/// a program's options or a terminal could misread.
package enum ServicePath {
    /// The longest path in bytes; Linux allows 4,096 including the root.
    package static let longest = 1024
    /// The longest name in bytes (NAME_MAX).
    static let longestName = 255

    /// What is wrong with a path, to follow it in a message; `nil` if nothing is.
    package static func problem(with path: String) -> String? {
        guard path.utf8.count <= longest else { return "is longer than \(longest) bytes" }
        guard isInside(path) else { return "is no path inside the service's root" }
        for name in path.splitBytes("/") {
            guard name.utf8.count <= longestName else { return "has a name longer than \(longestName) bytes" }
            guard name.utf8.first != UInt8(ascii: "-") else {
                return "has a name that starts with \"-\", as options do"
            }
        }
        if let character = path.unicodeScalars.first(where: { !isAllowed($0) }) {
            return "has \(String(character).printed(atMost: 1)), which a path may not have: letters, digits and "
                + "\(punctuation.map { "\($0)" }.joined(separator: " ")) only"
        }
        return nil
    }

    /// Whether a path stays inside the directory to which it is relative.
    static func isInside(_ path: String) -> Bool {
        !path.utf8.contains { $0 < 0x20 || $0 == 0x7F } && path.utf8.count <= longest
            && !path.splitBytes("/").contains { $0.isEmpty || $0.isExactly(".") || $0.isExactly("..") }
    }

    /// Whether a path is where a server keeps the versions of a service: `versions`, `current`, `previous`, or below.
    package static func isReserved(_ path: String) -> Bool {
        let first = path.splitBytes("/", maxSplits: 1).first ?? ""
        return ["versions", "current", "previous"].contains { first.lowercased().isExactly($0) }
    }

    private static let punctuation: [Unicode.Scalar] = [".", "_", "-", "+", "@", "%", "=", ":", ","]

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar == "/" || punctuation.contains(scalar) || ("0"..."9").contains(scalar)
                || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber:
            true
        default: false
        }
    }
}

extension YAMLNode {
    /// A path inside a service's root.
    ///
    /// - Parameter isStored: whether it was accepted before, possibly by a less strict version.
    func relativePath(_ what: String, isStored: Bool) throws(YAMLError) -> String {
        let path = try text(what)
        if isStored, ServicePath.isInside(path) { return path }
        if let problem = ServicePath.problem(with: path) { throw YAMLError(position, "\(summary) \(problem)") }
        return path
    }

    /// A pattern for the files of a version.
    ///
    /// - Parameter isStored: whether it was accepted before, possibly by a less strict version.
    func filePattern(isStored: Bool) throws(YAMLError) -> String {
        let pattern = try text("a file, or a pattern of files")
        if isStored, ServicePath.isInside(pattern) { return pattern }
        if let problem = FilePattern.problem(with: pattern) { throw YAMLError(position, "\(summary) \(problem)") }
        return pattern
    }

    /// A directory beside the versions of a service.
    ///
    /// - Parameter isStored: whether it was accepted before, possibly by a less strict version.
    func serviceDirectory(isStored: Bool) throws(YAMLError) -> String {
        let path = try relativePath("a directory", isStored: isStored)
        guard isStored || !ServicePath.isReserved(path) else {
            throw YAMLError(position, "\(summary) is where a server keeps the versions of a service")
        }
        return path
    }
}
