package import Text

/// Which files of a build belong to a version: a path relative to the build directory, in which `*` stands for any
/// characters within a name and `?` for one, and `**` as a whole name for any number of directories. A path of a
/// directory stands for everything in it.
///
/// As in a shell, `*`, `?` and `**` do not stand for a name that starts with a dot.
package struct FilePattern: Sendable, Hashable {
    package let text: ExactText
    private let names: [Name]

    private enum Name: Sendable, Hashable {
        case anyDirectories
        case pattern([Unicode.Scalar])
    }

    package init(_ text: String) {
        self.text = ExactText(text)
        names = text.splitBytes("/").map {
            $0.isExactly("**") ? .anyDirectories : .pattern(Array($0.unicodeScalars))
        }
    }

    /// What is wrong with a pattern, to follow it in a message; `nil` if nothing is.
    package static func problem(with pattern: String) -> String? {
        let plain = String(
            // exact: scalars
            String.UnicodeScalarView(pattern.unicodeScalars.map { $0 == "*" || $0 == "?" ? "x" : $0 }))
        if let problem = ServicePath.problem(with: plain) { return problem }
        let names = pattern.splitBytes("/")
        let isMisplaced = { (name: Substring) in name.firstBytes("**") != nil && !name.isExactly("**") }
        if names.contains(where: isMisplaced) { return "has \"**\" beside other characters of a name" }
        return names.count { $0.isExactly("**") } > 2 ? "has \"**\" more than twice" : nil
    }

    /// Whether the pattern stands for the file, or for a directory that contains it. Cost: the product of both
    /// lengths at most, but for `**`.
    package func matches(_ path: String) -> Bool {
        let path = path.splitBytes("/").map { Array($0.unicodeScalars) }
        return Self.matches(path[...], names[...])
    }

    private static func matches(_ path: ArraySlice<[Unicode.Scalar]>, _ names: ArraySlice<Name>) -> Bool {
        var (path, names) = (path, names)
        while let name = names.popFirst() {
            switch name {
            case .anyDirectories:
                while true {
                    if matches(path, names) { return true }
                    // exact: scalars
                    guard let skipped = path.popFirst(), skipped.first != "." else { return false }
                }
            case .pattern(let pattern):
                guard let next = path.popFirst(), matches(next, pattern) else { return false }
            }
        }
        // A rest of the path is inside a directory that the pattern stands for; of "**" at the end nothing is left.
        return true
    }

    /// The usual algorithm: go back to the last `*` only.
    private static func matches(_ name: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
        // exact: scalars
        if name.first == ".", pattern.first == "*" || pattern.first == "?" { return false }
        var (place, mark) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while place < name.count {
            if mark < pattern.count, pattern[mark] == "*" {
                star = (mark, place)
                mark += 1
            } else if mark < pattern.count, pattern[mark] == "?" || pattern[mark] == name[place] {
                place += 1
                mark += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                mark = last.pattern + 1
                place = last.name + 1
            } else {
                return false
            }
        }
        // exact: scalars
        return pattern[mark...].allSatisfy { $0 == "*" }
    }
}
