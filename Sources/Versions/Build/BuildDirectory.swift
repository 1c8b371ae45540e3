import Cloud
import Glibc
package import ServiceSupport
import Text

/// The files that a build has made.
package struct BuildDirectory: Sendable {
    private let root: Directory

    /// Files, links and directories that are looked at; a larger directory is refused.
    private static let mostEntries = 1_000_000

    private let reader: BuildReader?

    /// - Parameter reader: who must have the right to read each file; `nil`: this process alone.
    package init(_ path: String, for reader: BuildReader? = nil) throws(FileError) {
        root = try Directory.open(path)
        self.reader = reader
    }

    /// The directory at a path relative to the source directory. No link is followed on the way from there.
    package init(_ path: String, below source: String, for reader: BuildReader? = nil) throws(FileError) {
        var directory = try Directory.open(source)
        for part in path.splitBytes("/") where !part.isExactly(".") {
            guard let next = try directory.directory(String(part)) else {
                throw FileError(path: directory.path(String(part)), errno: ENOENT)
            }
            directory = next
        }
        root = directory
        self.reader = reader
    }

    /// The files and links that belong to a version.
    package struct Selection: Sendable {
        package fileprivate(set) var files: [File] = []
        package fileprivate(set) var links: [Manifest.Link] = []

        /// A regular file.
        package struct File: Sendable {
            package let path: String
            package let mode: FileMode
            package let size: Int
        }
    }

    /// Finds what the patterns of `install.files` stand for.
    ///
    /// - Throws: `BuildError`: patterns that stand for nothing, and what cannot be a part of a version.
    package func select(_ patterns: [String]) throws -> Selection {
        var search = Search(patterns: patterns.map { FilePattern($0) }, reader: reader)
        try search.visit(root, "")
        let unused = search.patterns.filter { !search.used.contains($0) }
        search.faults += unused.map { .init(path: $0.text.wrappedValue, reason: "stands for no file in \(root.path)") }
        guard search.faults.isEmpty else { throw BuildError(search.faults) }
        search.selection.files.sort { ExactText($0.path) < ExactText($1.path) }
        search.selection.links.sort { ExactText($0.path) < ExactText($1.path) }
        return search.selection
    }

    private struct Search {
        let patterns: [FilePattern]
        var used = Set<FilePattern>()
        var selection = Selection()
        var faults: [BuildError.Fault] = []
        private let reader: BuildReader?
        private var entries = 0

        init(patterns: [FilePattern], reader: BuildReader?) {
            self.patterns = patterns
            self.reader = reader
        }

        mutating func visit(_ directory: Directory, _ path: String) throws {
            for entry in try directory.entries() {
                entries += 1
                guard entries <= BuildDirectory.mostEntries else {
                    throw BuildError([
                        .init(path: directory.path, reason: "more than \(BuildDirectory.mostEntries) files")
                    ])
                }
                let entryPath = path + entry.shownName
                guard let name = entry.name else {
                    if isSelected(entryPath) { fault(entryPath, "has a name that is not UTF-8") }
                    continue
                }
                guard let status = try directory.status(name) else { continue }
                if status.kind == S_IFDIR {
                    if let child = try directory.directory(name) { try visit(child, entryPath + "/") }
                } else if isSelected(entryPath) {
                    try add(directory, name, entryPath, status)
                }
            }
        }

        private mutating func isSelected(_ path: String) -> Bool {
            let matching = patterns.filter { $0.matches(path) }
            used.formUnion(matching)
            return !matching.isEmpty
        }

        private mutating func add(_ directory: Directory, _ name: String, _ path: String, _ status: stat) throws {
            switch status.kind {
            case S_IFREG:
                guard let mode = FileMode(ofBuilt: status.st_mode & 0o7777) else {
                    let bits = String(status.st_mode & 0o7777, radix: 8)
                    return fault(
                        path,
                        "has the mode \(bits): setuid, setgid and sticky files, and those that their owner "
                            + "may not read, are no part of a version")
                }
                guard reader?.mayRead(status) ?? true else {
                    return fault(path, "may not be read by the user who builds")
                }
                selection.files.append(Selection.File(path: path, mode: mode, size: Int(status.st_size)))
            case S_IFLNK:
                guard let target = try directory.target(name) else { return }
                selection.links.append(Manifest.Link(path: path, target: target))
            default:
                fault(path, "is a \(FileKind(mode: status.st_mode).rawValue); a version has files and links only")
            }
        }

        private mutating func fault(_ path: String, _ reason: String) {
            if faults.count < ManifestError.mostFaults { faults.append(.init(path: path, reason: reason)) }
        }
    }

    /// Adds the files to a store, several at a time.
    package func add(_ selection: Selection, _ session: StoreSession) throws -> [Manifest.File] {
        try ParallelWork.map(selection.files) { file in
            guard let open = try root.file(at: file.path) else {
                throw StoreError.changedWhileRead(root.path(file.path))
            }
            let status = try open.status()
            guard status.kind == S_IFREG, reader?.mayRead(status) ?? true,
                FileMode(ofBuilt: status.st_mode & 0o7777) == file.mode
            else {
                throw StoreError.changedWhileRead(open.path)
            }
            return Manifest.File(path: file.path, mode: file.mode, blob: try session.add(open))
        }
    }
}

/// The user as which a build was run, where what collects its files has more rights: a build brings nothing into a version
/// that it could not have read.
package struct BuildReader: Sendable, Hashable {
    package var user: UInt32
    package var group: UInt32

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    func mayRead(_ file: stat) -> Bool {
        if file.st_uid == user { return file.st_mode & 0o400 != 0 }
        if file.st_gid == group { return file.st_mode & 0o040 != 0 }
        return file.st_mode & 0o004 != 0
    }
}

/// Files of a build of which no version can be made.
package struct BuildError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong.
    package struct Fault: Sendable, Hashable, CustomStringConvertible {
        package let path: String
        package let reason: String

        package var description: String { "\(path.printable) \(reason)" }
    }

    /// At least one.
    package let faults: [Fault]

    init(_ faults: [Fault]) { self.faults = faults }

    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
