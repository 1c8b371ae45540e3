import Cloud
import Text

/// The tree that a manifest's files and links make: what must not be beside each other, and where links lead.
struct ManifestTree {
    private enum Node {
        case directory
        case file(FileMode)
        case link(target: String)
    }

    private struct Entry {
        let path: String
        let node: Node
    }

    /// By `VersionPath.key`. The keys are compared by canonical equality on purpose: such paths are twins.
    private var entries: [String: Entry] = [:]
    private var blobs: [ContentDigest: Blob] = [:]

    /// Reports paths that are twins or in each other's way, links that lead nowhere, and contradictory blobs. Cost:
    /// linear in the bytes of all paths.
    mutating func add(_ manifest: Manifest, _ faults: inout ManifestFaults) {
        entries.reserveCapacity(manifest.files.count)
        var folder = ""
        for (index, file) in manifest.files.enumerated() where !faults.isFull {
            add(file.path, .file(file.mode), "/files/\(index)/path", &folder, &faults)
            if let other = blobs.updateValue(file.blob, forKey: file.blob.digest), other != file.blob {
                faults.report(
                    "/files/\(index)", "\(file.blob.digest.short)… is the content of another file, with other sizes")
            }
        }
        for (index, link) in manifest.links.enumerated() where !faults.isFull {
            add(link.path, .link(target: link.target), "/links/\(index)/path", &folder, &faults)
        }
        guard faults.faults.isEmpty else { return }
        for (index, link) in manifest.links.enumerated() {
            if let problem = problem(with: link) {
                faults.report("/links/\(index)/target", "\(link.target.printed(atMost: 80)) \(problem)")
            }
        }
    }

    /// - Parameter folder: the directory of the path before, which need not be looked at again.
    private mutating func add(
        _ path: String, _ node: Node, _ place: @autoclosure () -> String, _ folder: inout String,
        _ faults: inout ManifestFaults
    ) {
        if let slash = path.lastByte("/"), !path[..<slash].isExactly(folder) {
            let above = String(path[..<slash])
            var end = above.startIndex
            while true {
                end = above.utf8[end...].firstIndex(of: UInt8(ascii: "/")) ?? above.endIndex
                let directory = String(above[..<end])
                if let problem = insert(directory, .directory) { return faults.report(place(), problem) }
                guard end < above.endIndex else { break }
                end = above.utf8.index(after: end)
            }
            folder = above
        }
        if let problem = insert(path, node) { faults.report(place(), problem) }
    }

    /// Returns what is in the way.
    private mutating func insert(_ path: String, _ node: Node) -> String? {
        let key = VersionPath.key(of: path)
        guard let other = entries[key] else {
            entries[key] = Entry(path: path, node: node)
            return nil
        }
        guard other.path.isExactly(path) else {
            return "\(path.printed(atMost: 80)) and \(other.path.printed(atMost: 80)) differ by case or Unicode form "
                + "alone (\(path.asciiEscaped) and \(other.path.asciiEscaped))"
        }
        switch (node, other.node) {
        case (.directory, .directory): return nil
        case (.directory, .file): return "\(path.printed(atMost: 80)) is a file, and here a directory"
        case (.directory, .link): return "\(path.printed(atMost: 80)) is a link, and here a directory"
        case (_, .directory): return "\(path.printed(atMost: 80)) is a directory with other files"
        default: return "\(path.printed(atMost: 80)) is there twice"
        }
    }

    private func node(_ path: String) -> Node? {
        guard let entry = entries[VersionPath.key(of: path)], entry.path.isExactly(path) else { return nil }
        return entry.node
    }

    // MARK: - Links

    /// What is wrong with a target, whatever there is in the version; `nil` if nothing is.
    static func problem(withTarget target: String) -> String? {
        guard !target.utf8.isEmpty else { return "is empty" }
        guard target.utf8.first != UInt8(ascii: "/") else {
            return "is absolute, and would lead outside of the version"
        }
        let names = target.splitBytes("/")
        // "..", then names: anything else would pass through a directory and leave it again.
        let rest = names.drop { $0.isExactly("..") }
        guard !rest.isEmpty else { return "is a directory above the link" }
        return target.utf8.count > VersionPath.longest
            ? "is longer than \(VersionPath.longest) bytes"
            : VersionPath.problem(with: rest.map(String.init).joined(separator: "/"))
    }

    /// The path to which a target leads; `nil`: out of the version.
    static func resolved(_ target: String, from path: String) -> String? {
        var folder = path.splitBytes("/").dropLast()
        var names = target.splitBytes("/")[...]
        while let first = names.first, first.isExactly("..") {
            guard folder.popLast() != nil else { return nil }
            names = names.dropFirst()
        }
        return (folder + names).map(String.init).joined(separator: "/")
    }

    private func problem(with link: Manifest.Link) -> String? {
        var path = link.path
        var target = link.target
        for _ in 0..<Self.longestChain {
            guard let next = Self.resolved(target, from: path) else { return "leads out of the version" }
            let names = next.splitBytes("/")
            for end in names.indices.dropLast() {
                if case .link = node(names[...end].map(String.init).joined(separator: "/")) {
                    return "passes through another link"
                }
            }
            switch node(next) {
            case nil: return "is neither a file nor a directory of the version"
            case .directory, .file: return nil
            case .link(let further): (path, target) = (next, further)
            }
        }
        return "leads through more than \(Self.longestChain) links"
    }

    /// The most links from one to the next, as libfoo.so → libfoo.so.1 → libfoo.so.1.2.
    private static let longestChain = 8

    // MARK: - What is executed

    /// Reports programs, schemas and directories of patches that the version does not have.
    func check(_ manifest: Manifest, _ faults: inout ManifestFaults) {
        if let run = manifest.run { check(run.command, "/run/command/0", &faults) }
        for (index, test) in manifest.tests.enumerated() {
            if case .command(let words) = test.action { check(words, "/tests/\(index)/command/0", &faults) }
        }
        for (index, action) in manifest.actions.enumerated() {
            check(action.command, "/actions/\(index)/command/0", &faults)
        }
        guard let database = manifest.database else { return }
        switch node(database.schema) {
        case .file: break
        default: faults.report("/database/schema", "\(database.schema.printed()) is no file of the version")
        }
        if let patches = database.patches {
            switch node(patches) {
            case .directory: break
            default: faults.report("/database/patches", "\(patches.printed()) is no directory of the version")
            }
        }
    }

    private func check(_ command: [String], _ place: String, _ faults: inout ManifestFaults) {
        guard let program = command.first, !program.hasBytePrefix("/") else { return }
        var path = program
        for _ in 0...Self.longestChain {
            switch node(path) {
            case .file(let mode):
                if !mode.isExecutable { faults.report(place, "\(program.printed()) is not executable (\(mode))") }
                return
            case .link(let target): path = Self.resolved(target, from: path) ?? ""
            case nil, .directory:
                return faults.report(place, "\(program.printed()) is no file of the version")
            }
        }
    }
}
