import Glibc
import ServiceSupport
import Text

extension ServiceFolder {
    /// Compares the folder of a version with its manifest: every file, link and directory.
    ///
    /// - Returns: what differs, sorted by path; not more than 1,000.
    /// - Throws: `TreeError.absent`, and what cannot be read.
    package func check(_ manifest: Manifest, _ digest: ContentDigest) throws -> [TreeFault] {
        guard let folder = try versions.directory("\(digest)") else { throw TreeError.absent(digest) }
        var walk = TreeWalk(manifest)
        try walk.visit(folder, "")
        let faults = walk.faults + walk.missing
        return Array(faults.sorted { ExactText($0.path) < ExactText($1.path) }.prefix(1_000))
    }
}

/// A walk through the folder of a version.
private struct TreeWalk {
    private var files: [ExactText: Manifest.File]
    private var links: [ExactText: String]
    private let folders: Set<ExactText>
    private(set) var faults: [TreeFault] = []

    init(_ manifest: Manifest) {
        files = Dictionary(manifest.files.map { (ExactText($0.path), $0) }) { first, _ in first }
        links = Dictionary(manifest.links.map { (ExactText($0.path), $0.target) }) { first, _ in first }
        var folders = Set<ExactText>()
        for path in manifest.files.map(\.path) + manifest.links.map(\.path) {
            var rest = path[...]
            while let slash = rest.lastByte("/"), folders.insert(ExactText(rest[..<slash])).inserted {
                rest = rest[..<slash]
            }
        }
        self.folders = folders
    }

    /// What was not found.
    var missing: [TreeFault] {
        (Array(files.keys) + Array(links.keys)).map { TreeFault(path: $0.wrappedValue, kind: .missing) }
    }

    /// Looks at a directory, and then at those in it: as many are open as they are deep.
    mutating func visit(_ folder: Directory, _ path: String) throws {
        var children: [String] = []
        var found: [(file: Manifest.File, name: String)] = []
        for entry in try folder.entries() {
            let entryPath = path + entry.shownName
            guard let name = entry.name, let status = try folder.status(name) else {
                faults.append(TreeFault(path: entryPath, kind: .extra))
                continue
            }
            let key = ExactText(entryPath)
            if let file = files.removeValue(forKey: key) {
                if let kind = Self.difference(file, status) {
                    faults.append(TreeFault(path: entryPath, kind: kind))
                } else {
                    found.append((file, name))
                }
            } else if let target = links.removeValue(forKey: key) {
                if status.kind != S_IFLNK {
                    faults.append(TreeFault(path: entryPath, kind: .kind))
                } else if try folder.target(name).map({ !$0.isExactly(target) }) ?? true {
                    faults.append(TreeFault(path: entryPath, kind: .target))
                }
            } else if !folders.contains(key) {
                faults.append(TreeFault(path: entryPath, kind: .extra))
            } else if status.kind != S_IFDIR {
                faults.append(TreeFault(path: entryPath, kind: .kind))
            } else {
                if status.st_mode & 0o7777 != 0o755 { faults.append(TreeFault(path: entryPath, kind: .mode)) }
                children.append(name)
            }
        }
        let contents = try ParallelWork.map(found) { file, name -> TreeFault? in
            guard let open = try folder.file(name) else { return TreeFault(path: file.path, kind: .missing) }
            let (count, digest) = try BlobCheck.digest(of: open, atMost: file.blob.size)
            let isSame = count == file.blob.size && digest == file.blob.digest
            return isSame ? nil : TreeFault(path: file.path, kind: .content)
        }
        faults += contents.compactMap(\.self)
        for name in children {
            if let child = try folder.directory(name) { try visit(child, "\(path)\(name)/") }
        }
    }

    private static func difference(_ file: Manifest.File, _ status: stat) -> TreeFault.Kind? {
        if status.kind != S_IFREG { return .kind }
        if Int(status.st_size) != file.blob.size { return .content }
        return status.st_mode & 0o7777 == mode_t(file.mode.bits) ? nil : .mode
    }
}
