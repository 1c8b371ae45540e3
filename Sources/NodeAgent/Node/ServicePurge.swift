import Glibc
import ServiceSupport
import Text
import Versions

/// Removes what a service has on its server. Data on a drive stays, unless the manifest's `uninstall` names it.
struct ServicePurge: Sendable {
    let name: String
    let facts: ManifestFacts?
    let context: NodeContext

    func run() throws {
        let root = try Directory.open(context.directory.root)
        if let folder = try root.directory(name) {
            for path in facts?.removedDirectories ?? [] { try remove(path, in: folder) }
        }
        let own = try Directory.open(context.directory.own)
        try own.directory("run")?.removeAll(name)
        if let logs = try own.directory("log") {
            for entry in try logs.entries().compactMap(\.name)
            where entry.isExactly(name) || entry.isExactly("\(name).log") || entry.hasBytePrefix("\(name).log.") {
                try logs.removeAll(entry)
            }
        }
        // Last: as long as it is there, a purge that was interrupted is begun again.
        try root.removeAll(name)
        try root.synchronize()
    }

    /// Removes a directory with its contents; of one on a drive, what is there.
    private func remove(_ path: String, in folder: Directory) throws {
        var folder = folder
        let parts = path.splitBytes("/").map(String.init)
        for part in parts.dropLast() {
            guard let next = try folder.directory(part) else { return }
            folder = next
        }
        let last = parts[parts.count - 1]
        if let target = try folder.target(last) {
            let ours = "/portcullis/\(name)/\(path)"
            // Only where we have made it.
            if context.configuration.drives.values.contains(where: { target.isExactly($0 + ours) }) {
                _ = try Directory.open(Folder.parent(of: target)).removeAll(last)
            }
        } else {
            try folder.removeAll(last)
        }
    }
}
