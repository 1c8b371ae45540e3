import JSON
package import Text

/// How one version differs from another.
package struct VersionDifference: Sendable, Hashable {
    /// A file or link that differs.
    package struct Change: Sendable, Hashable {
        package let path: String
        /// `nil`: it was added.
        package let before: Content?
        /// `nil`: it was removed.
        package let after: Content?
    }

    /// What a path is.
    package enum Content: Sendable, Hashable {
        case file(Blob, FileMode)
        case link(ExactText)

        /// Bytes; 0 for a link.
        package var size: Int {
            switch self {
            case .file(let blob, _): blob.size
            case .link: 0
            }
        }
    }

    /// Sorted by path.
    package let changes: [Change]
    /// Members of the manifest besides files and links that differ: `run`, `limits`, …
    package let sections: [String]
    /// Compressed bytes of the contents that only the newer version has.
    package let newBytes: Int

    package var isEmpty: Bool { changes.isEmpty && sections.isEmpty }

    /// Cost: linear.
    package init(from old: Manifest, to new: Manifest) {
        var before = Self.contents(old)
        var changes: [Change] = []
        for (path, content) in Self.contents(new) {
            let earlier = before.removeValue(forKey: path)
            if earlier != content { changes.append(Change(path: path.wrappedValue, before: earlier, after: content)) }
        }
        changes += before.map { Change(path: $0.wrappedValue, before: $1, after: nil) }
        self.changes = changes.sorted { ExactText($0.path) < ExactText($1.path) }
        let known = Set(old.blobs.map(\.digest))
        newBytes = new.blobs.reduce(0) { $0 + (known.contains($1.digest) ? 0 : $1.compressedSize) }
        let (oldJSON, newJSON) = (old.json, new.json)
        sections = [
            "type", "variant", "user", "run", "listen", "tests", "actions", "install", "uninstall", "database",
            "limits",
        ].filter { name in
            // The same words: in format 1 the program opens its sockets itself.
            let isOtherwiseOpened = name == "listen" && old.isListenOpened != new.isListenOpened
            return oldJSON[name] != newJSON[name] || isOtherwiseOpened && !new.listen.isEmpty && !old.listen.isEmpty
        }
    }

    private static func contents(_ manifest: Manifest) -> [ExactText: Content] {
        var contents: [ExactText: Content] = [:]
        for file in manifest.files { contents[ExactText(file.path)] = .file(file.blob, file.mode) }
        for link in manifest.links { contents[ExactText(link.path)] = .link(ExactText(link.target)) }
        return contents
    }
}
