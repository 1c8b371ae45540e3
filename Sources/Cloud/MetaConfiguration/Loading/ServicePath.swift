import Text
import YAML

/// Paths inside a service's root, as `install`, `uninstall`, `tests` and `database` name them: nothing that a shell, a
/// program's options or a terminal could take for something else.
enum ServicePath {
    /// Bytes of a path; Linux takes 4,096 with the root in front.
    package static let longest = 1024
    /// Bytes of one name (NAME_MAX).
    static let longestName = 255

    /// What is wrong with a path, to be put behind it; `nil`: nothing.
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

    /// Whether a path stays below the place that it is relative to.
    static func isInside(_ path: String) -> Bool {
        !path.utf8.contains { $0 < 0x20 || $0 == 0x7F } && path.utf8.count <= longest
            && !path.splitBytes("/").contains { $0.isEmpty || $0.isExactly(".") || $0.isExactly("..") }
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
    /// - Parameter isStored: whether it was accepted before, by a version that took more.
    func relativePath(_ what: String, isStored: Bool) throws(YAMLError) -> String {
        let path = try text(what)
        if isStored, ServicePath.isInside(path) { return path }
        if let problem = ServicePath.problem(with: path) { throw YAMLError(position, "\(summary) \(problem)") }
        return path
    }
}
